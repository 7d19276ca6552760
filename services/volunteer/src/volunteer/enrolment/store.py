"""Volunteers in MongoDB: what a volunteer's document has beyond every person's."""

from mongoengine import BinaryField, DictField, ListField, StringField

from shared.people.store import DAY, PersonDocument, indexes
from volunteer.enrolment.rules import SERVICE_FIELDS, STATUSES

VOLUNTEERS = "volunteers"


class VolunteerDocument(PersonDocument):
    """The schema and the indexes of volunteers: one document per person for ever."""

    status = StringField(required=True, choices=STATUSES)
    birth_date = StringField(required=True, regex=DAY)
    id_index = ListField(StringField(), required=True)
    id_sealed = BinaryField(required=True)
    phone_sealed = BinaryField(required=True)
    phone_index = ListField(StringField(), required=True)
    phone_tail_index = ListField(StringField(), required=True)
    consent = DictField(required=True)
    service_fields = ListField(StringField(choices=SERVICE_FIELDS))
    registration = DictField(null=True)
    ground = StringField()
    applied_on = StringField(required=True, regex=DAY)
    enrolled_on = StringField(regex=DAY)
    registration_applied_on = StringField(regex=DAY)
    suspended_on = StringField(regex=DAY)
    resumed_on = StringField(regex=DAY)
    deregistered_on = StringField(regex=DAY)
    deceased_on = StringField(regex=DAY)

    meta = {  # noqa: RUF012 - mongoengine's way
        "collection": VOLUNTEERS,
        "indexes": [
            {"fields": ["phone_index"], "name": "phone"},
            {"fields": ["phone_tail_index"], "name": "phone_tail"},
        ],
    }


INDEXES = indexes(VolunteerDocument)
