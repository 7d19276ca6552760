"""What a run of pytest says of a planted bug."""

import re
from enum import StrEnum
from typing import NamedTuple

_FAILED = re.compile(r"^FAILED (.+?)(?: - (.*))?$", re.MULTILINE)
_BROKEN = re.compile(
    r"(ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|UnboundLocalError)\b"
)
"""A test that fails by one of these met code that does not run, and no broken promise."""

PASSED, FAILED = 0, 1


class Verdict(StrEnum):
    """``INVALID``: the run proves nothing, neither that the bug is caught nor that it is not."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    INVALID = "invalid"


class Judgement(NamedTuple):
    """A verdict, and the test that failed or what is wrong with the run."""

    verdict: Verdict
    reason: str


def judge(code: int, output: str) -> Judgement:
    """Judge a run by pytest's exit code and its output, which lists the failed tests.

    A failed test alone is a catch: an error in collecting or in a fixture may come from the bug
    or from a machine without Java.
    """
    if code == PASSED:
        return Judgement(Verdict.SURVIVED, "every test passed")
    if code != FAILED:
        return Judgement(Verdict.INVALID, f"pytest ended with exit code {code}")
    failed = [(test, reason or "") for test, reason in _FAILED.findall(output)]
    for test, reason in failed:
        if not _BROKEN.match(reason):
            return Judgement(Verdict.CAUGHT, test)
    return Judgement(Verdict.INVALID, failed[0][1] if failed else "no test failed, only errors")
