"""What went between organisations is drawn both ways, and counted to the sender."""

from __future__ import annotations

from typing import Any

from api.pages.drawing.flows import flow_told, flows_picture, pairs, summed
from tests.pages.drawing.telling import English

EN = English()
NONE = dict.fromkeys([
    "cases", "offered", "accepted", "contested", "withdrawn", "expired", "waiting", "misdirected", "direct", "returned",
    "bounced",
], 0)  # fmt: skip


def flow(sender: str, receiver: str, declined: int = 0, **figures: int) -> dict[str, Any]:
    told = NONE | figures | {"declined": {"not_competent": declined} if declined else {}}
    return {"sender": {"organisation": sender}, "receiver": {"organisation": receiver}, "figures": told}


def test_months_and_units_are_summed_by_sender_and_receiver() -> None:
    (went,) = summed([flow("kela", "pirha", 1, offered=3, accepted=2), flow("kela", "pirha", offered=2, accepted=2)])
    assert (went.offered, went.accepted, went.declined) == (5, 4, 1)


def test_both_directions_of_a_pair_stand_together_the_busiest_first() -> None:
    told = [flow("kela", "tampere", offered=1), flow("kela", "pirha", offered=5), flow("pirha", "kela", offered=2)]
    both = [(it.sender, it.receiver, it.offered, back.offered) for it, back in pairs(summed(told))]
    assert both == [("kela", "pirha", 5, 2), ("kela", "tampere", 1, 0)]


def test_the_numbers_and_the_share_that_came_back_are_written() -> None:
    (went,) = summed([flow("kela", "pirha", 1, offered=4, accepted=3, bounced=1)])
    assert flow_told(went, EN) == "kela → pirha: 4 offered, 3 accepted, {}, {}".format(
        "1 declined or contested (25 %)", "1 bounced (25 %)"
    )


def test_a_direction_in_which_nothing_went_says_so() -> None:
    ((_, back),) = pairs(summed([flow("kela", "pirha", offered=1)]))
    assert flow_told(back, EN) == "pirha → kela: nothing"


def test_what_may_not_be_told_in_figures_is_said_to_be_there() -> None:
    hidden = flow("kela", "pirha") | {"figures": None}
    (went,) = summed([hidden])
    assert flow_told(went, EN) == "kela → pirha: 0 offered, too few to tell in 1 rows"


def test_an_arrow_is_as_thick_as_what_went_and_parted_by_what_came_of_it() -> None:
    svg = flows_picture(summed([flow("kela", "pirha", 1, offered=4, accepted=2), flow("pirha", "kela", offered=1)]), EN)
    assert 'height="40.0" class="went taken"' in svg
    assert 'class="went sent-back" fill="url(#crossed)"' in svg
    assert 'height="10.0" class="went else"' in svg
    assert "style=" not in svg


def test_no_flows_are_a_picture_without_arrows() -> None:
    assert "went" not in flows_picture([], EN)
