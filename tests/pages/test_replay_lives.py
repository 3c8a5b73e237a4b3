"""Cases as lucky people live them are replayed as their events alone would have it, at each of their moments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import groupby
from uuid import UUID, uuid4

import pytest

from api.pages import replay
from domain.corrections import EntryMarkedErroneous
from domain.decider import Actor, Recorded, Role
from domain.ledger.postgres import Server
from domain.remembered import Holder
from domain.transfer import MatterTransferred
from tests.api.conftest import Door, door_of, new_database
from tests.domain.lives.reading import Reading, counting, read
from tests.projections.test_lives import lived, relived, settled
from tests.town import Town

AUDITOR = Actor("tarkastaja", Role.AUDITOR)
LANE = "Responsible: "
SEEDS = (3, 5)
"""Lives in which a case is offered, transferred, entered late and corrected."""


@dataclass
class Replays:
    """Lives that a ledger lived, and the auditor who looks at them."""

    door: Door
    lives: dict[UUID, list[Recorded]]

    def page(self, case: UUID, query: str) -> str:
        headers = {"Authorization": f"Bearer {self.door.issuer.mint(AUDITOR)}", "Accept-Language": "en"}
        answer = self.door.http.get(f"/audit/cases/{case}{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.text)


@pytest.fixture(scope="module")
def replays(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replays]:
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        town, cases = Town(door.house.cases), [uuid4() for _ in SEEDS]
        settled(town)
        for seed, case in zip(SEEDS, cases, strict=True):
            relived(town, case, lived(seed, 40, first_command=seed * 10_000).acts)
        yield Replays(door, {it: door.house.cases.history(it) for it in cases})


def test_the_lives_have_what_is_hard_to_replay(replays: Replays) -> None:
    events = [it for history in replays.lives.values() for it in history]
    assert any(isinstance(it.event, MatterTransferred) for it in events)
    assert any(isinstance(it.event, EntryMarkedErroneous) for it in events)
    assert any(it.context.late for it in events)


def test_where_a_case_stood_after_each_event_is_what_its_events_come_to(replays: Replays) -> None:
    for case, history in replays.lives.items():
        for version, then in moving(history):
            told = replays.page(case, f"?version={version}&seen_by=client")
            standing = told[told.index('id="standing-title"') :].partition("</dl>")[0]
            stood = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", standing))
            assert unescape(stood["Responsible"]) == (called(then.responsible) if then.open else "none"), version
            assert unescape(stood["Owner"]) == (owner(then) if then.open else "none"), version


def test_the_periods_are_those_that_the_events_make_in_the_order_in_which_they_count(replays: Replays) -> None:
    for case, history in replays.lives.items():
        lasted = [read(counted) for counted in growing(counting(history))]
        rows = cells(replays.page(case, "?zoom=whole"), "periods")
        owners = [who for *_, lane, who in rows if lane.startswith("Owner")]
        assert owners == each_once(owner(it) if it.open else "" for it in lasted)
        held = [f"{who}, {lane.removeprefix(LANE)}" for *_, lane, who in rows if lane.startswith(LANE)]
        named = [it.replace("no worker named, ", "") for it in held]
        assert named == each_once(called(it.responsible) if it.open else "" for it in lasted)


def test_every_moment_of_the_two_clocks_can_be_seen_as_anybody(replays: Replays) -> None:
    for case, history in replays.lives.items():
        last = len(history)
        for known, day, who in ((1, 0, "client"), (last // 2, 1, "responsible"), (last - 1, 30, "manager")):
            replays.page(case, f"?known={known}&day={day}&seen_by={who}")


def moving(history: Sequence[Recorded]) -> Iterator[tuple[int, Reading]]:
    """Yield the versions that moved the case or had it wait, with what the events up to each come to."""
    before: object = None
    for version, known in enumerate(growing(history), 1):
        it = read(counting(known))
        now = (it.open, it.responsible, it.owner, it.waits)
        if now != before:
            yield version, it
        before = now


def growing(history: Sequence[Recorded]) -> Iterator[Sequence[Recorded]]:
    return (history[:number] for number in range(1, len(history) + 1))


def each_once(told: Iterable[str]) -> list[str]:
    """Return what was told one after another, each as long as it lasted once; what is empty lasted nowhere."""
    return [it for it, _ in groupby(told) if it]


def called(holder: Holder | None) -> str:
    assert holder is not None
    return ", ".join(filter(None, (holder.worker, f"{holder.organisation}/{holder.unit}")))


def owner(it: Reading) -> str:
    return "the client" if it.owner == "client" else called(it.owners[0])


def cells(told: str, table: str) -> list[list[str]]:
    """Return what stands in a table of the page, row by row."""
    body = told[told.index(f'<div class="scrolls" id="{table}"') :].partition("</table>")[0].partition("<tbody>")[2]
    return [
        [unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)]
        for row in body.split("</tr>")[:-1]
    ]


def test_a_table_that_lists_less_than_is_drawn_says_so(replays: Replays, monkeypatch: pytest.MonkeyPatch) -> None:
    case, history = next(iter(replays.lives.items()))
    assert "The table of events lists" not in replays.page(case, "?zoom=whole")
    monkeypatch.setattr(replay, "LISTED", 10)
    told = replays.page(case, "?version=12&zoom=whole")
    assert f"The table of events lists 10 of the {len(history)} in the picture" in told
    assert len(cells(told, "events")) == 10
