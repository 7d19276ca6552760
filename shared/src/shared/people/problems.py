"""The refusals of personal data; the edge turns each into a field error.

ValueProblem
├── IdentifierProblem     id document of a person
├── PhoneProblem          phone number
├── NameProblem           name of a person
└── CodeProblem           value outside a code list
"""

import shared.people.messages  # noqa: F401 - the texts of these problems join the catalogue
from shared.base.errors import ValueProblem


class IdentifierProblem(ValueProblem):
    """The number is not valid for this document type."""


class PhoneProblem(ValueProblem):
    """The text is not a phone number the registry takes."""


class NameProblem(ValueProblem):
    """The text cannot be a person's name."""


class CodeProblem(ValueProblem):
    """The value is not in its code list."""
