"""How much the commonest acts ask to be typed: at most three fields. The rest comes from the token and the case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain.decider import Actor
from tests.api.conftest import Door
from tests.town import BO, CILLA, holder

TABLE = Path(__file__).resolve().parent.parent.parent / "docs" / "burden.md"
MOST = 3


@dataclass(frozen=True)
class Act:
    """An act of the commonest ten: the least that has to be typed for it, and how often one presses at the desk.

    `presses` are the links and buttons from the page on which one stands, the one that sends the form with them;
    `known` are the fields that the page fills in.
    """

    name: str
    command: str
    typed: tuple[str, ...]
    presses: int = 2
    known: tuple[str, ...] = ()

    @property
    def at_the_desk(self) -> tuple[str, ...]:
        """What is left to be filled in at the desk."""
        return tuple(it for it in self.typed if it not in self.known)


ACTS = (
    Act("open a case", "OpenCase", ("client", "need"), known=("client",)),
    Act("propose a handoff", "ProposeHandoff", ("to", "reason", "client_view")),
    Act("accept it", "AcceptHandoff", ("handoff",), presses=1, known=("handoff",)),
    Act("decline it", "DeclineHandoff", ("handoff", "code", "reason"), known=("handoff",)),
    Act("record a statement", "RecordStatement", ("words",)),
    Act("complete an assessment", "CompleteAssessment", ("kind", "outcome", "client_view")),
    Act("promise the next step", "PromiseNextStep", ("who", "what", "by")),
    Act("make a request", "MakeRequest", ("kind",)),
    Act("answer it", "AnswerRequest", ("request", "outcome", "reasons"), known=("request",)),
    Act("propose closure", "ProposeClosure", ("ground", "client_view")),
    Act("close", "CloseCase", ()),
)
"""Request and answer are two acts of one pair. `client_view` may be `no_view_because` instead."""


def table() -> str:
    """Return the table for the docs."""
    lines = ["# What the commonest acts ask to be typed", "", _ABOUT, "", "| act | command | typed | which |"]
    lines.append("|---|---|---|---|")
    lines += [f"| {it.name} | `{it.command}` | {len(it.typed)} | {_named(it.typed)} |" for it in ACTS]
    lines += ["", "## At the desk", "", _AT_THE_DESK, "", "| act | filled in | which | presses |", "|---|---|---|---|"]
    lines += [f"| {it.name} | {len(it.at_the_desk)} | {_named(it.at_the_desk)} | {it.presses} |" for it in ACTS]
    return "\n".join([*lines, ""])


def _named(fields: tuple[str, ...]) -> str:
    return ", ".join(f"`{it}`" for it in fields) or "nothing"


_ABOUT = (
    "At most three fields; everything else is inferred from the token, the case, the plan and policy. Where\n"
    "`client_view` stands, a reason why there is none (`no_view_because`) serves as well."
)


_AT_THE_DESK = (
    "Counted on the pages themselves, in a browser: the fields that somebody fills in, and the links and buttons that\n"
    "they press from the page of the case, or from the list of offers, until it is done. A client who is new is\n"
    "registered with the case; what an offer or a request is, the page knows."
)


def test_the_docs_hold_the_table() -> None:
    assert TABLE.read_text("utf-8") == table(), "write it anew: python -m tests.api.test_burden"


@pytest.mark.parametrize("act", ACTS, ids=lambda it: it.command)
def test_no_act_asks_for_more_than_three_fields(act: Act) -> None:
    assert len(act.typed) <= MOST


def bodies(given: dict[str, Any]) -> Iterator[tuple[str, Actor, Callable[[], dict[str, Any]]]]:
    """Yield each act on one case in turn, with who does it and the least that has to be typed."""
    yield "RecordStatement", CILLA, lambda: {"words": "Haluan jäädä kotiin."}
    yield "CompleteAssessment", CILLA, lambda: {
        "kind": "screening", "outcome": "advice_suffices", "client_view": given["RecordStatement"],
    }  # fmt: skip
    yield "PromiseNextStep", CILLA, lambda: {"who": "worker", "what": "Soitan.", "by": "2199-01-01T09:00:00+02:00"}
    yield "MakeRequest", CILLA, lambda: {"kind": "contact"}
    yield "AnswerRequest", CILLA, lambda: {
        "request": given["MakeRequest"], "outcome": "granted", "reasons": "Soitettu.",
    }  # fmt: skip
    for answer in ("DeclineHandoff", "AcceptHandoff"):
        yield "ProposeHandoff", CILLA, lambda: {
            "to": vars(holder(BO)), "reason": "Muutti.", "client_view": given["RecordStatement"],
        }  # fmt: skip
        more = {"code": "no_capacity", "reason": "Täynnä."} if answer == "DeclineHandoff" else {}
        yield answer, BO, lambda more=more: {"handoff": given["ProposeHandoff"], **more}  # type: ignore[misc]
    yield "ProposeClosure", BO, lambda: {"ground": "advice_sufficed", "client_view": given["RecordStatement"]}
    yield "CloseCase", BO, dict


def test_each_act_goes_through_with_that_and_with_nothing_less(door: Door) -> None:
    """The receiver is of the same organisation, as most are; to another, the basis of disclosure may be a fourth."""
    path = {it["post"]["operationId"]: path for path, it in door.paths.items() if "post" in it}
    typed = {it.command: set(it.typed) for it in ACTS}
    answer = door.post("/cases", {"client": str(door.client()), "need": "Vuokra."}, CILLA)
    case = answer.json()["id"]
    given: dict[str, Any] = {}
    done = {"OpenCase"}
    for command, by, body in bodies(given):
        least = body()
        assert set(least) == typed[command]
        where = path[command].replace("{id}", case)
        for field in least:
            less = {name: value for name, value in least.items() if name != field}
            assert door.post(where, less, by).status_code == 422
        answer = door.post(where, least, by)
        assert answer.status_code == 200, (command, answer.text)
        given[command] = answer.json()["made"]
        done.add(command)
    assert done == set(typed)


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
