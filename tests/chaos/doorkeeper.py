"""The client that closes and opens units while the others send people to them."""

import time

from tests.chaos.asking import RETRY, Refused
from tests.chaos.clients import Client


class Doorkeeper(Client):
    """Closes and opens units that the other clients send people to."""

    def turn(self) -> None:
        """Close a unit for a while, or void one that people begin to enter."""
        if self.luck(0.5):
            self.close_for_a_while()
        else:
            self.void_a_new_one()

    def close_for_a_while(self) -> None:
        """Deactivate a unit, let the others try to enter, activate it again."""
        doors, today = self.office.doors, self.office.days[-1]
        unit = self.dice.choice(doors.open_to_all) if doors.open_to_all else self.a_door()
        entity = {"id": unit, "version": self.ledger.kept[unit].version}
        closing = doors.close(unit)
        since = self.ledger.kept[unit].said[-1][0]
        entity = self.end("units", entity, "deactivate", since)
        closing.answered = time.monotonic()
        self.others_go_on(self.dice.randint(5, 30))
        closing.reopening = time.monotonic()
        self.act("units", entity, "activate", today, self.office.approver)
        closing.reopened = time.monotonic()
        self.others_go_on(self.dice.randint(5, 30))

    def void_a_new_one(self) -> None:
        """Make a unit, send people to it, and void it, which is refused if it has some."""
        doors, unit = self.office.doors, self.a_door()
        self.others_go_on(self.dice.randint(0, 15))
        entity = {"id": unit, "version": self.ledger.kept[unit].version}
        closing = doors.close(unit)
        try:
            self.void("units", entity)
            closing.answered = time.monotonic()
            self.others_go_on(self.dice.randint(0, 10))
            doors.remove(unit)
        except Refused:
            closing.reopening = closing.reopened = time.monotonic()
            if len(doors.open_to_all) > len(self.office.units):
                doors.remove(unit)

    def a_door(self) -> str:
        """Return a new unit that people are sent to."""
        unit = str(self.new_unit(self.days(4))["id"])
        self.office.doors.add(unit)
        return unit

    def others_go_on(self, turns: int) -> None:
        """Wait until so many requests have come to an end, or no new one starts."""
        wanted = self.ledger.turns + turns
        while self.ledger.turns < wanted and not self.halt.is_set():
            self.halt.wait(RETRY)
