"""Memberships in MongoDB: what a member's document has beyond every person's."""

from mongoengine import DictField, StringField

from member.domain import KINDS, STATUSES
from shared.people.store import PersonDocument, indexes

MEMBERS = "members"


class Member(PersonDocument):
    """A membership: one document per person for ever."""

    status = StringField(required=True, choices=STATUSES)
    kind = StringField(required=True, choices=KINDS)
    grade = StringField(required=True)
    filing = DictField(null=True)
    applied_on = StringField()
    approved_on = StringField()
    registered_on = StringField()
    rejected_on = StringField()
    withdrawn_on = StringField()
    expelled_on = StringField()
    deceased_on = StringField()
    reapplied_on = StringField()
    voided_on = StringField()

    meta = {  # noqa: RUF012 - mongoengine's way
        "collection": MEMBERS,
        "indexes": [
            {"fields": ["phone_index"], "name": "phone", "sparse": True},
            {"fields": ["phone_tail_index"], "name": "phone_tail", "sparse": True},
        ],
    }


INDEXES = indexes(Member)
shape = Member.shape
