"""The second process of the member service: ``python -m member.worker``."""

from shared import events
from shared.events.states import MemberState
from shared.recount import Counted
from shared.writer_worker import run_worker

COUNTED = (Counted("members", events.MEMBER_TOPIC, MemberState),)

if __name__ == "__main__":
    run_worker("/services/member", COUNTED, directory=True)
