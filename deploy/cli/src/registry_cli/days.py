"""The days an import records where its command line leaves them out: today's, and ever after the same.

They stand in every page that is sent. An import that was killed and goes on after midnight must
send what it sent before, or all it has entered is refused as new; and a day, once recorded for a
list, must not come from the day on which somebody repeats the command.
"""

import hashlib
import json
from dataclasses import replace

from typer import echo

from embedded.files import write_atomically
from embedded.runtime import Runtime
from registry_cli.importing.run import Order
from registry_cli.problems import Misuse
from shared.base import clock

CONSENT_ON, ISSUED_ON = "--consent-on", "--issued-on"
OWNER_ONLY = 0o600


def settle(runtime: Runtime, digest: str, order: Order) -> Order:
    """Give an order each day as stated, else as in the earlier run of this import, else today's.

    Only days are kept, by the digest of the file, and one of what else makes an import the same.
    Those that nobody stated on the command line are shown.

    Raises:
        Misuse: a day is left out and the days cannot be kept.
    """
    import_ = (order.unit, order.mode, order.document or "")
    name = hashlib.sha256("\0".join(import_).encode()).hexdigest()[:16]
    place = runtime.var / "imports" / f"{digest}.json"
    stated = {CONSENT_ON: order.consent_on}
    if order.document is not None:
        stated[ISSUED_ON] = order.issued_on
    left_out = [option for option, said in stated.items() if said is None]
    day = clock.today().isoformat()
    kept: dict[str, str] = {}
    try:
        known = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        kept = known.get(name, {})
        found = {option: said or kept.get(option, day) for option, said in stated.items()}
        if found != kept:
            write_atomically(place, json.dumps({**known, name: found}, indent=1), OWNER_ONLY)
    except (OSError, ValueError) as error:
        if left_out:
            reason = getattr(error, "strerror", None) or type(error).__name__
            options = " ".join(left_out)
            raise Misuse("days_unkept", path=place, reason=reason, options=options) from error
        found = {option: said or day for option, said in stated.items()}
    for text, named in (
        ("沿用上次导入的日期 / resumed with the days of the earlier run", kept.keys()),
        ("未写明的日期按今天记录 / days not stated are recorded as today", found.keys() - kept),
    ):
        if shown := [f"{option} {found[option]}" for option in left_out if option in named]:
            echo(f"{text}: {' '.join(shown)}")
    return replace(order, consent_on=found[CONSENT_ON], issued_on=found.get(ISSUED_ON))
