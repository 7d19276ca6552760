"""The bugs planted in what holds over a person's runs: corrections, effects, papers, admission, death."""

from tests.mutants.planting import Planted

_SHARED = "shared/src/shared/"
_SERVICE = "services/member/src/member/membership/service.py"
_MEMBER = "tests/integration/member/"
_RUNS = "tests/unit/member/test_runs.py::"

RUNS = (
    Planted(
        "correction-of-every-run",
        "A correction reaches the runs that share the record of the newest, and no other.",
        f"{_SHARED}register/actions.py",
        "        runs = _sharing(states, newest.run)\n",
        "        runs = frozenset(entry.run for entry in states)\n",
        (
            f"{_RUNS}test_a_member_who_is_corrected_and_corrected_back_is_as_if_never_corrected",
            f"{_RUNS}test_a_correction_of_a_member_reaches_the_runs_that_share_its_record_and_no_other",
        ),
    ),
    Planted(
        "past-figures-emptied-by-anybody",
        "What empties days of past figures needs what voiding needs.",
        f"{_SHARED}register/execute.py",
        "        await register.check_effect(command, before, decision.entity)\n",
        "        pass\n",
        (
            f"{_MEMBER}test_effects.py::"
            "test_an_end_of_a_member_that_empties_past_days_needs_what_voiding_needs",
        ),
    ),
    Planted(
        "key-of-a-paper-frozen",
        "The key of someone on paper follows corrections.",
        _SERVICE,
        "        return replace(after, paper_key=key), claims, releases\n",
        "        return after, (), ()\n",
        (f"{_MEMBER}test_paper.py::test_the_key_of_a_member_on_paper_follows_what_is_corrected",),
    ),
    Planted(
        "admission-by-the-side-door",
        "Whoever applies again passes the rules of a first application.",
        _SERVICE,
        "        refuse(within_registration(self.violations_as_stored(command, entity)))\n",
        "",
        (
            f"{_MEMBER}test_admission.py::"
            "test_a_member_on_paper_who_left_gives_a_number_to_join_again",
        ),
    ),
    Planted(
        "days-of-the-newest-run-alone",
        "The rules of a person's days hold over every run.",
        f"{_SHARED}people/lifetime.py",
        "    for day in known.earlier:\n",
        "    for day in known.earlier[-1:]:\n",
        (
            "tests/unit/shared/people/test_lifetime.py::"
            "test_the_days_of_a_person_are_asked_over_every_run",
        ),
    ),
)
