"""Memberships in MongoDB: what a member's document has beyond every person's."""

from mongoengine import DictField, ListField, StringField

from member.membership.rules import STATUSES
from shared.people.store import DAY, PersonDocument, indexes

MEMBERS = "members"


class MemberDocument(PersonDocument):
    """The schema and the indexes of memberships: one document per person for ever."""

    status = StringField(required=True, choices=STATUSES)
    kind = StringField(required=True, choices=("INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH"))
    grade = StringField(required=True)
    filing = DictField(null=True)
    paper_key = ListField(StringField())
    approved_on = StringField(regex=DAY)
    rejected_on = StringField(regex=DAY)
    withdrawn_on = StringField(regex=DAY)
    expelled_on = StringField(regex=DAY)
    deceased_on = StringField(regex=DAY)
    reapplied_on = StringField(regex=DAY)

    meta = {  # noqa: RUF012 - mongoengine's way
        "collection": MEMBERS,
        "indexes": [
            {"fields": ["phone_index"], "name": "phone", "sparse": True},
            {"fields": ["phone_tail_index"], "name": "phone_tail", "sparse": True},
            {
                "fields": ["unit"],
                "name": "on_paper",
                "partialFilterExpression": {"unverified": True},
            },
        ],
    }


INDEXES = indexes(MemberDocument)
