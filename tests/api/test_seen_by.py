"""What somebody was shown then, as an auditor is told it today: the same that they were told at the time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.protected import PROTECTED
from api.rows import HIDDEN, WITHHELD
from domain.decider import ERASED, Actor, Role
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.api.test_lists import OFFER, closing, did
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

AUDITOR = Actor("auri", Role.AUDITOR)
ULLA = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
AARNE = Actor("aarne", Role.WORKER, "kela", "asiakaspalvelu")
SARI = Actor("sari", Role.OMBUDSMAN, "tampere")
NEIGHBOUR, MOTHER = "naapuri soitti", "äiti pyysi"
PATHS = ("", "/history", "/words", "/voice", "/owner", "/handoffs", "/standing", "/withheld", "/terms", "/heard")
NO = {"code": "no_capacity", "reason": "täynnä"}


@dataclass
class Life:
    """A case in which much happens, and what everybody was told of it after each step."""

    door: Door
    client: UUID
    case: str
    father: Actor
    at: dict[str, int] = field(default_factory=dict)
    told: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    @property
    def people(self) -> dict[str, Actor]:
        """Who may ever have been shown the case, by the name under which an auditor asks."""
        return {
            "client": as_client(self.client), "representative": self.father,
            f"representative/{self.father.id}": self.father, "kela/asiakaspalvelu/aino": AINO,
            "kela/asiakaspalvelu": AARNE, "pirha/aikuissosiaalityo/bo": BO, "pirha/aikuissosiaalityo/cilla": CILLA,
            "tampere/tyollisyys/ulla": ULLA, "ombudsman": SARI,
        }  # fmt: skip

    def does(self, by: Actor, act: str, /, **body: Any) -> Any:
        answer = self.door.post(f"/cases/{self.case}/{act}", body, by)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def passes(self, step: str) -> None:
        """Keep what everybody is told at this step, None where there is no such case to them."""
        self.at[step] = self.door.get(f"/cases/{self.case}", AUDITOR).json()["version"]
        for name, actor in self.people.items():
            for path in PATHS:
                answer = self.door.get(f"/cases/{self.case}{path}", actor)
                self.told[name, step, path] = answer.json() if answer.is_success else None

    def seen(self, name: str, step: str, path: str = "/history", **more: Any) -> Any:
        """Return what an auditor is told that somebody was told at this step."""
        asked = {"as_seen_by": name, "version": self.at[step]} | more
        answer = self.door.get(f"/cases/{self.case}{path}", AUDITOR, params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def life(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        settled(door)
        client = UUID(door.post("/clients").json()["id"])
        it = Life(door, client, door.case(client), Actor(str(uuid4()), Role.REPRESENTATIVE))
        lived(it)
        yield it


def settled(door: Door) -> None:
    place = {"organisation": "tampere", "unit": "tyollisyys"}
    door.post("/organisations", {"organisation": "tampere", "name": "Tampere"}, ADMINISTRATOR)
    door.post("/units", place | {"name": "Työllisyys", "locality": "Tampere"}, ADMINISTRATOR)
    door.post("/workers", place | {"worker": "ulla"}, ADMINISTRATOR)


def lived(it: Life) -> None:
    """Let somebody be named, let in, told, not told any more, told again; let it be offered, declined and handed on."""
    soon = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    it.passes("opened")
    it.door.post(f"/clients/{it.client}/name-representative", {"representative": it.father.id, "kind": "custodian"})
    said = it.does(AINO, "record-statement", words=NEIGHBOUR, speaker="close_person")["version"]
    it.passes("said")
    ground = {"ground": "third_party", "reason": "ilmoittaja pelkää", "review_by": soon}
    kept = it.does(AINO, "forbid-disclosure", entry=said, from_whom="client", **ground)["version"]
    it.passes("withheld")
    offer = it.does(AINO, "propose-handoff", **OFFER)["made"]
    it.passes("offered")
    it.does(BO, "decline-handoff", handoff=offer, **NO)
    it.passes("declined")
    it.does(AINO, "allow-disclosure", forbidden=kept)
    it.does(as_client(it.client), "give-consent", recipients=["tampere"])
    it.passes("told")
    offer = it.does(AINO, "propose-handoff", **OFFER)["made"]
    it.does(BO, "accept-handoff", handoff=offer)
    it.does(BO, "record-statement", words="Pirkanmaalla")
    it.passes("accepted")
    wrong = it.does(BO, "record-statement", words=MOTHER, speaker="close_person")["version"]
    it.passes("misplaced")
    it.does(BO, "mark-erroneous", version=wrong, reason="toisen asiakkaan", wrong_person=True)
    it.passes("hidden")
    access = it.does(ULLA, "grant-emergency-access", reason="lapsi yksin ulkona", channel="telephone")["made"]
    it.passes("emergency")
    it.does(ULLA, "end-emergency-access", access=access)
    it.passes("over")
    it.door.post(f"/clients/{it.client}/protect-address", {"until": soon}, BO)
    it.does(BO, "record-statement", words="muutimme")
    it.passes("protected")
    it.does(CILLA, "confirm-misplaced", version=wrong)


STEPS = (
    "opened", "said", "withheld", "offered", "declined", "told", "accepted", "misplaced", "hidden", "emergency", "over",
    "protected",
)  # fmt: skip
NOTHING: dict[str, set[str]] = {
    "client": set(),
    "representative": {"opened"},
    "kela/asiakaspalvelu/aino": set(),
    "kela/asiakaspalvelu": set(),
    "pirha/aikuissosiaalityo/bo": {"opened", "said", "withheld", "declined", "told"},
    "pirha/aikuissosiaalityo/cilla": {"opened", "said", "withheld", "declined", "told"},
    "tampere/tyollisyys/ulla": set(STEPS) - {"emergency"},
    "ombudsman": {"opened", "said", "withheld", "offered", "declined"},
}
"""To whom there was no such case, and at which steps."""

DESTROYED_SINCE = ("misplaced", "hidden", "emergency", "over", "protected")
"""The steps at which words were there that have been destroyed since."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", NOTHING)
def test_an_auditor_is_told_what_they_were_told_then(life: Life, name: str, step: str) -> None:
    for path in PATHS:
        told, seen = life.told[name, step, path], life.seen(name, step, path)
        assert (told is None) == (seen.get("seen") == "nothing") == (step in NOTHING[name]), path
        if told is not None:
            assert without_destroyed(seen) == without_destroyed(told), path


def without_destroyed(value: Any) -> Any:
    """Return it with one mark for the words that were destroyed since, hidden before that or not."""
    if isinstance(value, dict):
        return {name: without_destroyed(it) for name, it in value.items()}
    if isinstance(value, list):
        return [without_destroyed(it) for it in value]
    return ERASED if value in {MOTHER, HIDDEN} else value


@pytest.mark.parametrize("step", STEPS)
def test_what_was_known_at_a_time_is_what_the_last_version_before_it_tells(life: Life, step: str) -> None:
    entry = life.door.get(f"/cases/{life.case}/history", AUDITOR).json()["events"][life.at[step] - 1]
    known_at = entry["context"]["recorded"]
    for name in ("client", "pirha/aikuissosiaalityo/bo", "tampere/tyollisyys/ulla"):
        asked = {"as_seen_by": name, "known_at": known_at}
        seen = life.door.get(f"/cases/{life.case}/owner", AUDITOR, params=asked).json()
        assert seen == life.seen(name, step, "/owner")


def test_before_it_was_opened_nobody_was_shown_anything(life: Life) -> None:
    asked = {"as_seen_by": "client", "known_at": "2020-01-01T00:00:00Z"}
    seen = life.door.get(f"/cases/{life.case}", AUDITOR, params=asked).json()
    assert seen == {"case": life.case, "as_seen_by": "client", "at": "2020-01-01T00:00:00Z", "seen": "nothing"}


def test_what_was_withheld_reads_so_and_once_it_is_told_it_does_not(life: Life) -> None:
    for step, words in (("said", NEIGHBOUR), ("withheld", WITHHELD), ("declined", WITHHELD), ("told", NEIGHBOUR)):
        assert life.seen("client", step, "/words")["entries"][1]["words"] == {"words": words}
    assert life.seen("kela/asiakaspalvelu/aino", "withheld", "/words")["entries"][1]["words"] == {"words": NEIGHBOUR}


def test_who_sent_it_on_was_told_up_to_that_and_no_further(life: Life) -> None:
    for step in STEPS[STEPS.index("accepted") :]:
        assert life.seen("kela/asiakaspalvelu/aino", step)["version"] == life.at["accepted"] - 1


def test_where_the_client_lives_was_told_to_who_acts_for_them_until_it_was_protected(life: Life) -> None:
    places = {step: life.seen("representative", step, "")["responsible"]["unit"] for step in ("over", "protected")}
    assert places == {"over": "aikuissosiaalityo", "protected": PROTECTED}
    assert life.seen("client", "protected", "")["responsible"]["unit"] == "aikuissosiaalityo"


def test_what_has_been_destroyed_since_nobody_is_told_any_more(life: Life) -> None:
    for step in DESTROYED_SINCE:
        assert MOTHER not in str(life.seen("pirha/aikuissosiaalityo/bo", step, "/words"))


@pytest.mark.parametrize(
    ("part", "step", "worker"),
    [
        ("responsible", "opened", "kela/asiakaspalvelu/aino"),
        ("responsible", "accepted", "pirha/aikuissosiaalityo/bo"),
        ("manager", "offered", "kela/asiakaspalvelu"), ("manager", "accepted", "pirha/aikuissosiaalityo/cilla"),
    ],
)  # fmt: skip
def test_who_had_a_part_then_is_named_by_the_part(life: Life, part: str, step: str, worker: str) -> None:
    for path in PATHS:
        assert life.seen(part, step, path) == life.seen(worker, step, path)


def test_now_is_a_moment_too_and_so_is_a_page_of_it(life: Life) -> None:
    path = f"/cases/{life.case}/history?as_seen_by=client&limit=4"
    found = []
    while path:
        page = life.door.get(path, AUDITOR).json()
        found += page["events"]
        path = page["next"]
    whole = life.door.get(f"/cases/{life.case}/history", as_client(life.client)).json()["events"]
    assert found == whole


def test_findings_are_told_as_they_were_shown_too(life: Life) -> None:
    shown = life.seen("kela/asiakaspalvelu/aino", "accepted", "/findings")
    assert shown["version"] == life.at["accepted"] - 1
    assert life.seen("tampere/tyollisyys/ulla", "said", "/findings")["seen"] == "nothing"


def test_it_has_no_etag_for_it_rests_on_more_than_the_case(life: Life) -> None:
    for name in ("client", "tampere/tyollisyys/ulla"):
        answer = life.door.get(f"/cases/{life.case}?as_seen_by={name}", AUDITOR, headers={"If-None-Match": "*"})
        assert (answer.status_code, "etag" in answer.headers) == (200, False)


@pytest.mark.rule(23)
def test_it_is_written_down_as_whom_somebody_looked(life: Life) -> None:
    life.seen("ombudsman", "said")
    life.seen("client", "told")
    reads = life.door.get(f"/cases/{life.case}/reads?limit=2", AUDITOR).json()["reads"]
    assert [(it["who"], it["what"], it["why"], it["as_of"]) for it in reads] == [
        ("auri", "ReadCaseHistory", "audit", {"as_seen_by": "client", "version": str(life.at["told"])}),
        ("auri", "ReadCaseHistory", "audit", {"as_seen_by": "ombudsman", "version": str(life.at["said"])}),
    ]  # fmt: skip


@pytest.mark.rule(22)
def test_as_whom_somebody_looked_tells_nobody_where_the_client_is(life: Life) -> None:
    life.seen("pirha/aikuissosiaalityo/bo", "protected")
    (read,) = life.door.get(f"/cases/{life.case}/reads?limit=1", life.father).json()["reads"]
    assert read["as_of"]["as_seen_by"] == PROTECTED


# Who may ask, and of whom.


def test_only_an_auditor_asks_what_others_were_shown(life: Life) -> None:
    for by in (BO, CILLA, as_client(life.client), life.father):
        refused = life.door.get(f"/cases/{life.case}?as_seen_by=client", by)
        assert kind(refused) == (403, "only-auditors-see-as-others")
    assert kind(life.door.get(f"/cases/{life.case}?as_seen_by=client", ULLA)) == (404, "stream-absent")


@pytest.mark.parametrize(
    "name",
    ["nobody", "client/1", "responsible/aino", "kela", "kela/", "kela/muualla", "kela/asiakaspalvelu/kukaan",
     "kela/asiakaspalvelu/aino/x", "representative/isa"],
)  # fmt: skip
def test_whom_nobody_knows_was_shown_nothing_that_could_be_told(life: Life, name: str) -> None:
    refused = life.door.get(f"/cases/{life.case}", AUDITOR, params={"as_seen_by": name})
    assert kind(refused) == (422, "reader-unknown")


def test_who_never_acted_for_the_client_was_shown_nothing(life: Life) -> None:
    assert life.seen(f"representative/{uuid4()}", "told")["seen"] == "nothing"


def test_a_moment_that_there_is_not_is_refused_as_ever(life: Life) -> None:
    path = f"/cases/{life.case}?as_seen_by=kela/asiakaspalvelu/aino"
    assert kind(life.door.get(f"{path}&version=999", AUDITOR)) == (404, "version-never-existed")
    both = f"{path}&version=1&known_at=2099-01-01T00:00:00Z"
    assert kind(life.door.get(both, AUDITOR)) == (422, "clocks-and-version")


# Once it is erased.


def test_of_a_case_that_is_erased_it_is_told_what_was_there_and_no_more_whose_it_was(own_door: Door) -> None:
    case, other = own_door.case(), Actor("toinen", Role.ADMINISTRATOR)
    closing(own_door, case)
    did(own_door, case, "close-case")
    proposal = did(own_door, case, "propose-erasure", {"basis": "court_order", "reason": "päätös"}, ADMINISTRATOR)
    did(own_door, case, "confirm-erasure", {"erasure": proposal["made"]}, other)

    def seen(name: str, **at: Any) -> Any:
        return own_door.get(f"/cases/{case}/words", AUDITOR, params={"as_seen_by": name} | at)

    for name in ("client", "kela/asiakaspalvelu/aino"):
        assert seen(name, version=1).json()["entries"][0]["words"].get("need") == ERASED
        assert seen(name).json()["seen"] == "nothing"
    assert kind(seen("representative", version=1)) == (422, "client-forgotten")
