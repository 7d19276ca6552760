"""The second process of the volunteer service: ``python -m volunteer.worker``."""

from shared import events
from shared.events.states import VolunteerState
from shared.recount import Counted
from shared.writer_worker import run_worker

COUNTED = (Counted("volunteers", events.VOLUNTEER_TOPIC, VolunteerState),)

if __name__ == "__main__":
    run_worker("/services/volunteer", COUNTED, directory=True)
