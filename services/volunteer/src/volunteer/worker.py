"""The second process of the volunteer service: ``python -m volunteer.worker``."""

from shared.contract import events
from shared.contract.events.states import VolunteerState
from shared.register.recount import Counted, Recounts
from shared.register.worker import run_worker

COUNTED = (Counted("volunteers", events.VOLUNTEER_TOPIC, VolunteerState),)

if __name__ == "__main__":
    run_worker([Recounts("/services/volunteer", COUNTED)], directory=True)
