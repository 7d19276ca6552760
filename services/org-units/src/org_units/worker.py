"""The second process of the org-units service: ``python -m org_units.worker``."""

from shared.contract import events
from shared.contract.events.states import UnitState
from shared.register.recount import Counted, Recounts
from shared.register.worker import run_worker

COUNTED = (Counted("units", events.UNIT_TOPIC, UnitState),)

if __name__ == "__main__":
    run_worker([Recounts("/services/org-units", COUNTED)], directory=False)
