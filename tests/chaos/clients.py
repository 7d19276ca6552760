"""The clients of the trials: each enters people or units and brings them on their way, one request
after the other, on days of the past and of today, and notes what is answered.
"""

import random
import threading
import time
from datetime import date

from shared.base.ids import new_id
from tests.chaos.asking import (
    CLOSED,
    CLOSING,
    Asking,
    Broken,
    Entity,
    Office,
    Refused,
    Request,
)
from tests.chaos.ledger import Kept
from tests.clients.officers import Headers
from tests.people import consent, member, resident_id, volunteer
from tests.waiting import at_once

REASON = "录入有误"
PROOF = {"number": "服务证明-1"}
PAPER = {"number": "批复-1"}
EDUCATION = ("20", "30", "60")
KINDS = ("INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH")
ROWS = 8
CREATED = 201
SERVICES = {"units": "org-units", "members": "member", "volunteers": "volunteer"}


def a_person() -> Entity:
    """Return the fields of a person of which the trials keep track."""
    number = resident_id()
    sex = "1" if int(number[16]) % 2 else "2"
    return {"id_number": number, "sex": sex, "education": EDUCATION[0]}


class Client(threading.Thread):
    """See the module; ``seed`` decides what it does as far as a test can decide it.

    Once ``halt`` is set nothing new starts; what was started is asked until it is answered.
    """

    def __init__(self, office: Office, seed: str) -> None:
        super().__init__(daemon=True)
        self.office, self.ledger, self.dice = office, office.ledger, random.Random(seed)
        self.asking, self.halt = Asking(office, self.dice), threading.Event()

    def run(self) -> None:
        try:
            while not self.halt.is_set():
                try:
                    self.turn()
                except Refused:
                    continue
        except Broken as problem:
            self.ledger.wrong.append(str(problem))
        except Exception as problem:  # noqa: BLE001 - a thread's end would go unnoticed
            self.ledger.wrong.append(repr(problem))
        finally:
            self.asking.http.close()

    def turn(self) -> None:
        """Do one thing from its beginning to its end."""
        ways = (self.a_unit, self.a_member, self.a_roster, self.a_volunteer)
        self.dice.choices(ways, (2, 5, 2, 4))[0]()

    def luck(self, chance: float) -> bool:
        """Return whether something of this probability happens; nothing more does at the end."""
        return self.dice.random() < chance and not self.halt.is_set()

    def days(self, count: int) -> list[date]:
        """Return so many days in their order."""
        return sorted(self.dice.choices(self.office.days, k=count))

    def day_from(self, first: date) -> date:
        """Return a day that is not before another; early ones undo more of what followed."""
        later = [day for day in self.office.days if day >= first]
        return self.dice.choice(later if self.luck(0.5) else later[:2])

    def a_place(self) -> str:
        """Return a unit to enter somebody in: it stays open, or closes now and then."""
        closing = tuple(self.office.doors.open_to_all)
        return self.dice.choice(closing if closing and self.luck(0.5) else self.office.units)

    def create(self, collection: str, body: Entity, day: date, *values: str) -> Entity:
        """Enter an entity as of a day; note the values that corrections may change."""
        unit = None if collection == "units" else str(body["unit_id"])
        sent = {**body, "effective_on": day.isoformat()}
        service, path = SERVICES[collection], f"/v1/{collection}"
        found = self.asking.ask(Request(service, path, sent, self.office.registrar, unit=unit))
        said = [(day, str(found["status"]))]
        kept = {name: str(body[name]) for name in values}
        self.ledger.enter(
            Kept(collection, found["id"], unit or found["id"], found["version"], said, kept)
        )
        return found

    def act(
        self, collection: str, entity: Entity, action: str, day: date, who: Headers,
        *, admits: bool = False, raced: bool = False, **body: object,
    ) -> Entity:  # fmt: skip
        """Do an action as of a day, and note the status it led to."""
        kept = self.ledger.kept[entity["id"]]
        request = Request(
            SERVICES[collection],
            f"/v1/{collection}/{kept.id}/{action}",
            {"effective_on": day.isoformat(), **body},
            who,
            entity=entity,
            unit=kept.unit if admits else None,
            raced=raced,
        )
        found = self.asking.ask(request)
        self.ledger.follow(kept.id, found["version"], day, found["status"])
        return found

    def end(self, collection: str, entity: Entity, action: str, day: date) -> Entity:
        """End an entity on any day since it began to count: as the approver, with a reason."""
        return self.act(
            collection, entity, action, self.day_from(day), self.office.approver, reason=REASON
        )

    def void(self, collection: str, entity: Entity) -> Entity:
        """Void what was entered in error."""
        today, two = self.office.days[-1], self.office.approver
        return self.act(collection, entity, "void", today, two, reason=REASON)

    def correct(self, collection: str, entity: Entity, **values: str) -> Entity:
        """Set right what was wrong from the start, and note it."""
        service, path = SERVICES[collection], f"/v1/{collection}/{entity['id']}"
        who, sent = self.office.registrar, dict(values)
        found = self.asking.ask(Request(service, path, sent, who, entity, method="PATCH"))
        self.ledger.correct(entity["id"], found["version"], values)
        return found

    def corrected(self, collection: str, entity: Entity) -> Entity:
        """Correct a person now and then."""
        if self.luck(0.15):
            entity = self.correct(collection, entity, education=self.dice.choice(EDUCATION[1:]))
        if self.luck(0.1):
            entity = self.correct(collection, entity, sex=self.dice.choice("12"))
        if collection == "members" and self.luck(0.1):
            entity = self.correct(collection, entity, kind=self.dice.choice(KINDS))
        return entity

    def a_member(self) -> None:
        """Apply, be approved and filed; leave, or turn out to be entered in error."""
        applied, approved, filed = self.days(3)
        two = self.office.approver
        body = {**member(self.a_place()), **a_person()}
        found = self.create("members", body, applied, "sex", "education", "kind")
        found = self.corrected("members", found)
        if self.luck(0.9):
            found = self.act("members", found, "approve", approved, two, admits=True)
        if found["status"] == "APPROVED" and self.luck(0.9):
            found = self.act("members", found, "file", filed, two, admits=True, document=PAPER)
            self.leaving("members", "withdraw", found, filed)

    def race(self, collection: str, entity: Entity, action: str) -> None:
        """End an entry and void it at once, of which one succeeds.

        Raises:
            Broken: none does, or both do.
        """
        today, two = self.office.days[-1], self.office.approver

        def succeeds(name: str) -> bool:
            try:
                self.act(collection, entity, name, today, two, raced=True, reason=REASON)
            except Refused:
                return False
            return True

        done = at_once([lambda: succeeds(action), lambda: succeeds("void")])
        if sum(done) != 1:
            raise Broken(f"{action} and void of {collection}/{entity['id']} at once: {done}")

    def leaving(self, collection: str, action: str, entity: Entity, since: date) -> None:
        """Correct an entry, end it on a day since it began, void it: each now and then."""
        entity = self.corrected(collection, entity)
        if self.luck(0.1):
            self.race(collection, entity, action)
            return
        if self.luck(0.4):
            entity = self.end(collection, entity, action, since)
            entity = self.corrected(collection, entity)
        if self.luck(0.15):
            self.void(collection, entity)

    def a_roster(self) -> None:
        """Enter members of long standing by a page of paper stock; some leave."""
        unit = self.a_place()
        joined = {
            number: self.dice.choice(self.office.days[:-1])
            for number in range(1, self.dice.randint(2, ROWS))
        }
        rows = {
            number: {**member(unit, joined_on=day.isoformat()), **a_person(), "row": number}
            for number, day in joined.items()
        }
        for row in rows.values():
            del row["consent"]
        page: Entity = {"mode": "existing", "consent": consent(), "document": PAPER}
        page["rows"] = list(rows.values())
        asked, who = time.monotonic(), self.office.registrar
        answer = self.asking.ask(Request("member", "/v1/members/bulk", page, who))
        accepted = [one for one in answer["results"] if self.accepted(one, unit, asked)]
        for result in accepted:
            row, day = rows[result["row"]], joined[result["row"]]
            kept = {name: str(row[name]) for name in ("sex", "education", "kind")}
            said = [(day, "ACTIVE")]
            self.ledger.enter(Kept("members", result["id"], unit, 1, said, kept))
        for result in accepted:
            if self.luck(0.5):
                entity = {"id": result["id"], "version": 1}
                self.leaving("members", "withdraw", entity, joined[result["row"]])

    def accepted(self, result: Entity, unit: str, asked: float) -> bool:
        """Return whether a row was accepted, and rightly so.

        Raises:
            Broken: it was not, or should not have been.
        """
        accepted, doors = bool(result["status"] == CREATED), self.office.doors
        codes = {error["code"] for error in result["errors"]}
        right = doors.may_refuse(unit, asked) and codes <= {CLOSING, CLOSED}
        if doors.must_refuse(unit, asked) if accepted else not right:
            raise Broken(f"a row in {unit}: {result}")
        return accepted

    def a_volunteer(self) -> None:
        """Enrol, apply, be registered and suspended; leave, or turn out to be an error."""
        enrolled, applied, registered, paused = self.days(4)
        one, two = self.office.registrar, self.office.approver
        body = {**volunteer(self.a_place()), **a_person()}
        found = self.create("volunteers", body, enrolled, "sex", "education")
        if self.luck(0.8):
            found = self.act(
                "volunteers", found, "apply-registration", applied, one, admits=True, document=PROOF
            )
            if self.luck(0.9):
                found = self.act("volunteers", found, "register", registered, two, admits=True)
                if self.luck(0.1):
                    found = self.act("volunteers", found, "suspend", paused, two, reason=REASON)
        self.leaving("volunteers", "deregister", found, enrolled)

    def a_unit(self) -> None:
        """Bring a unit to be active; close it, void it."""
        *_, last = days = self.days(4)
        found = self.new_unit(days)
        if self.luck(0.3):
            found = self.end("units", found, "deactivate", last)
        if self.luck(0.3):
            self.void("units", found)

    def new_unit(self, days: list[date]) -> Entity:
        """Return a unit, active after four steps on four days."""
        created, submitted, approved, active = days
        one, two = self.office.registrar, self.office.approver
        name = f"试验{new_id()}社区红十字会"
        body = {"name": name, "type": "COMMUNITY", "parent_id": self.office.county}
        found = self.create("units", body, created)
        found = self.act("units", found, "submit", submitted, one)
        found = self.act("units", found, "approve", approved, two)
        return self.act("units", found, "activate", active, two)
