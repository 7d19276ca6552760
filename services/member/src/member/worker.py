"""The second process of the member service: ``python -m member.worker``."""

from shared.contract import events
from shared.contract.events.states import MemberState
from shared.register.recount import Counted
from shared.register.worker import run_worker

COUNTED = (Counted("members", events.MEMBER_TOPIC, MemberState),)

if __name__ == "__main__":
    run_worker("/services/member", COUNTED, directory=True)
