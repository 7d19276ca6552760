"""The one family of refusals of personal data; the edge turns each into a field error.

PersonalDataProblem
├── IdentifierProblem     id document of a person
├── OrganisationProblem   unified social credit code
├── PhoneProblem          phone number
├── NameProblem           name of a person
└── CodeProblem           value outside a code list
"""

from collections.abc import Mapping


class PersonalDataProblem(ValueError):
    """A value that breaks a rule.

    Carries the code of a message and the values that message names, never the refused value
    itself: problems are logged and returned.
    """

    def __init__(self, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.params: dict[str, str | int] = dict(params or {})


class IdentifierProblem(PersonalDataProblem):
    """The number is not one this document type can bear."""


class OrganisationProblem(PersonalDataProblem):
    """The text is not a unified social credit code."""


class PhoneProblem(PersonalDataProblem):
    """The text is not a phone number the registry takes."""


class NameProblem(PersonalDataProblem):
    """The text cannot be a person's name."""


class CodeProblem(PersonalDataProblem):
    """The value is not in its code list."""
