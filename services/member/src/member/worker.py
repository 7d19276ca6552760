"""The second process of the member service: ``python -m member.worker``."""

from shared.contract import events
from shared.contract.events.states import MemberState
from shared.register.recount import Counted, Recounts
from shared.register.worker import run_worker

COUNTED = (Counted("members", events.MEMBER_TOPIC, MemberState),)

if __name__ == "__main__":
    run_worker([Recounts("/services/member", COUNTED)], directory=True)
