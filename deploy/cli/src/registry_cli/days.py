"""The days an import records where its command line leaves them out: today's, and ever after the same.

They stand in every page that is sent. An import that was killed and goes on after midnight must
send what it sent before, or all it has entered is refused as new; and a day, once recorded for a
list, must not come from the day on which somebody repeats the command.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.problems import MISUSED, Problem

if TYPE_CHECKING:
    from embedded.runtime import Runtime

OWNER_ONLY = 0o600
Known = dict[str, dict[str, str]]
"""Days by name, for each import of one file."""


@dataclass(frozen=True)
class Days:
    """Each day by the name of its option, and which of them nobody stated.

    Args:
        taken: were taken from today.
        resumed: were taken from the earlier run of the same import.
    """

    by_name: Mapping[str, str]
    taken: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()


def settle(
    runtime: "Runtime", digest: str, import_: Sequence[str], stated: Mapping[str, str | None]
) -> Days:
    """Return each day as stated, else as in the earlier run of this import, else today's; keep them.

    Only days are kept, by digests of the file and of what else makes an import the same one.

    Args:
        digest: of the file.
        import_: what makes two runs with this file one import: unit, mode, document.
        stated: days by the name of their option, None where it is left out.

    Raises:
        Problem: a day is left out and the days cannot be kept.
    """
    from shared.base.clock import today

    place = runtime.var / "imports" / f"{digest}.json"
    name = hashlib.sha256("\0".join(import_).encode()).hexdigest()[:16]
    left_out = [option for option, said in stated.items() if said is None]
    kept: dict[str, str] = {}
    day = today().isoformat()
    try:
        known = _read(place)
        kept = known.get(name, {})
        found = {option: said or kept.get(option) or day for option, said in stated.items()}
        if found != kept:
            _write(place, {**known, name: found})
    except (OSError, ValueError) as error:
        if left_out:
            raise _unkept(place, error, left_out) from error
        found = {option: said or day for option, said in stated.items()}
    return Days(
        found,
        taken=tuple(option for option in left_out if option not in kept),
        resumed=tuple(option for option in left_out if option in kept),
    )


def _unkept(place: Path, error: Exception, left_out: Sequence[str]) -> Problem:
    reason = getattr(error, "strerror", None) or type(error).__name__
    options = " ".join(left_out)
    return Problem("days_unkept", exit_code=MISUSED, path=place, reason=reason, options=options)


def told(days: Days) -> list[str]:
    """Return in lines which days nobody stated on the command line."""
    said = (
        (days.resumed, "沿用上次导入的日期 / resumed with the days of the earlier run"),
        (days.taken, "未写明的日期按今天记录 / days not stated are recorded as today"),
    )
    return [
        f"{text}: {' '.join(f'{option} {days.by_name[option]}' for option in options)}"
        for options, text in said
        if options
    ]


def _read(place: Path) -> Known:
    try:
        known: Known = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return known


def _write(place: Path, known: Known) -> None:
    from embedded.files import write_atomically

    write_atomically(place, json.dumps(known, indent=1), OWNER_ONLY)
