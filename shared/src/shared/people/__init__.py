"""What the registers of members and of volunteers share of an entry's life and of its requests.

Pure: no framework, no database. What of a person is stored and shown is ``shared.personal``'s.
"""

from shared.people.correction import correct_person
from shared.people.lifecycle import (
    VOIDED,
    Command,
    Lifecycle,
    Outcome,
    Transition,
    begun,
    check_day,
    check_effective,
    check_four_eyes,
    earliest_day,
)
from shared.people.requests import (
    PaperDocument,
    PersonCorrection,
    Reason,
    RevealField,
    RevealInput,
    SearchInput,
    TransitionInput,
    UnitId,
)

__all__ = [
    "VOIDED",
    "Command",
    "Lifecycle",
    "Outcome",
    "PaperDocument",
    "PersonCorrection",
    "Reason",
    "RevealField",
    "RevealInput",
    "SearchInput",
    "Transition",
    "TransitionInput",
    "UnitId",
    "begun",
    "check_day",
    "check_effective",
    "check_four_eyes",
    "correct_person",
    "earliest_day",
]
