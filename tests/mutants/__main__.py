"""Plants one bug after the other in a copy and reports whether a test catches it.

Exit code 0: every bug is caught. 1: one is not. 2: the tests fail without any bug.
"""

import argparse
import sys
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.planted import PLANTED
from tests.mutants.planting import Planted
from tests.mutants.verdict import Verdict
from tests.mutants.worktree import NOT_HERE, ControlFailed, Tried, copied

WHOLE = ("tests", NOT_HERE)


def main() -> None:
    """Try the bugs asked for, all of them by default."""
    chosen, jobs, whole = _asked()
    began = time.monotonic()
    try:
        with copied() as sound:
            sound.control(WHOLE if whole else sorted({t for one in chosen for t in one.caught_by}))
    except ControlFailed as failure:
        _say(f"{failure}\ncontrol failed: nothing is planted, and still the tests above fail")
        raise SystemExit(2) from None
    _say(f"control: without a bug all of their tests pass, {time.monotonic() - began:.0f} s")
    tried = _try_all(chosen, jobs, whole=whole)
    missed = [one.planted.name for one in tried if one.judgement.verdict is not Verdict.CAUGHT]
    named = f"; not: {', '.join(missed)}" if missed else ""
    caught = f"{len(tried) - len(missed)} of {len(tried)} planted bugs caught{named}"
    _say(f"{caught}, {time.monotonic() - began:.0f} s")
    raise SystemExit(1 if missed else 0)


def _asked() -> tuple[list[Planted], int, bool]:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these alone")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many at once")
    parser.add_argument("--whole", action="store_true", help="run the whole suite for each")
    arguments = parser.parse_args()
    known = {one.name: one for one in PLANTED}
    names = arguments.only or list(known)
    if unknown := sorted(set(names) - known.keys()):
        parser.error(f"no such bug: {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names], max(1, arguments.jobs), arguments.whole


def _try_all(chosen: Sequence[Planted], jobs: int, *, whole: bool) -> list[Tried]:
    """Try the bugs, each job in a copy of its own, and report each as it is done."""
    waiting = deque(chosen)

    def job(_number: int) -> list[Tried]:
        tried: list[Tried] = []
        with copied() as copy:
            while True:
                try:
                    planted = waiting.popleft()
                except IndexError:
                    return tried
                one = copy.try_out(planted, WHOLE if whole else planted.caught_by)
                tried.append(one)
                verdict, reason = one.judgement
                _say(f"{verdict:8}  {planted.name}  {reason}  {one.seconds:.1f} s")

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return [one for tried in pool.map(job, range(jobs)) for one in tried]
        except KeyboardInterrupt:
            waiting.clear()  # Ctrl-C ended the present runs; no other begins
            raise


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
