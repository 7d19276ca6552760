"""The bugs planted in what closes units to people, and in the documents and names of people."""

from tests.mutants.planting import Planted

_SHARED = "shared/src/shared/"
_CLOSING = "tests/integration/test_closing.py::"
_MEMBER = "tests/integration/member/"
_VOLUNTEER = "tests/integration/volunteer/"

FENCES = (
    Planted(
        "a-page-past-the-fence",
        "A unit that is closed takes nobody from a roster either.",
        "services/member/src/member/membership/bulk.py",
        "        await page.memberships.fences.enter({row.member.unit for row in rows}, session)\n",
        "",
        (f"{_CLOSING}test_a_change_whose_process_died_is_given_up",),
    ),
    Planted(
        "an-entry-past-the-fence",
        "An entry and the fence of its unit cannot both succeed.",
        f"{_SHARED}register/groupcommit/transaction.py",
        "    if fences is None:\n        return\n",
        "    if fences is None or len(group) == 1:\n        return\n",
        (f"{_CLOSING}test_a_change_whose_process_died_is_given_up",),
    ),
    Planted(
        "a-fence-lifted-while-its-change-goes-on",
        "A fence is lifted only once its change can no longer be committed.",
        f"{_SHARED}people/target.py",
        "        if await self.directory.closing(unit):\n",
        "        if False:\n",
        (f"{_CLOSING}test_a_change_whose_process_died_is_given_up",),
    ),
    Planted(
        "an-abandoned-change-committed",
        "A change that was given up is not committed any more.",
        "shared/src/shared/register/closing.py",
        ").deleted_count != 1:\n            raise Unavailable",
        ").deleted_count > 1:\n            raise Unavailable",
        (f"{_CLOSING}test_a_unit_whose_change_was_given_up_is_not_closed",),
    ),
)

DOCUMENTS = (
    Planted(
        "name-in-two-codings",
        "A name is kept in one coding of its characters.",
        f"{_SHARED}people/contacts.py",
        'unicodedata.normalize("NFC", text.translate(FOLDS))',
        'unicodedata.normalize("NFC", text)',
        (
            "tests/unit/shared/people/test_names.py::test_radicals_in_a_name_become_characters",
            f"{_MEMBER}test_names.py::test_a_member_on_paper_in_two_codings_is_one_person",
            f"{_VOLUNTEER}test_names.py::"
            "test_a_name_of_a_volunteer_is_kept_in_one_coding_from_every_entrance",
        ),
    ),
    Planted(
        "damaged-name-taken",
        "A sign in place of a lost character is no part of a name.",
        f"{_SHARED}people/contacts.py",
        "        if category in _SIGNS or char in _STAND_INS:\n",
        "        if category in _SIGNS:\n",
        (f"{_MEMBER}test_names.py::test_a_damaged_name_of_a_member_is_refused_at_every_entrance",),
    ),
    Planted(
        "key-without-the-issuing-country",
        "The number of a passport is one person's within its issuing country only.",
        f"{_SHARED}people/sealed.py",
        'f"{identifier.country}:{identifier.number}"',
        "identifier.number",
        (
            "tests/unit/shared/people/test_countries.py::"
            "test_the_country_is_part_of_a_document_key",
            f"{_VOLUNTEER}test_countries.py::"
            "test_a_number_of_two_countries_belongs_to_two_volunteers",
        ),
    ),
    Planted(
        "former-key-kept",
        "An entry whose issuing country is completed holds its number under that country alone.",
        f"{_SHARED}register/execute.py",
        "            if decision.releases:\n",
        "            if not decision.releases:\n",
        (
            f"{_VOLUNTEER}test_countries.py::"
            "test_a_new_volunteer_is_no_second_entry_of_one_without_a_country",
        ),
    ),
    Planted(
        "entry-without-country-overlooked",
        "A new entry is no second one of a person whose issuing country is not known yet.",
        f"{_SHARED}people/register.py",
        "        await self.check_without_country(person.identifier, command.entity)\n",
        "",
        (
            f"{_VOLUNTEER}test_countries.py::"
            "test_a_new_volunteer_is_no_second_entry_of_one_without_a_country",
        ),
    ),
)
