"""The second process of the org-units service: ``python -m org_units.worker``."""

from shared import events
from shared.events.states import UnitState
from shared.recount import Counted
from shared.writer_worker import run_worker

COUNTED = (Counted("units", events.UNIT_TOPIC, UnitState),)

if __name__ == "__main__":
    run_worker("/services/org-units", COUNTED, directory=False)
