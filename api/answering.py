"""What the slips of a case tell now, to whoever has the code of one: who answers, how to reach them, what is promised.

Under address protection that is the switchboard of the organisation whose duty the case is, and the day of the promise:
not even the name of whoever answers, which may be a shelter's.
"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from api.directory import reached
from api.moments import AsOf
from api.protected import is_protected
from api.queries import Bounds, promise_of, read_rows
from api.rows import HIDDEN, WITHHELD, Kept, Shape
from domain.case import Case
from domain.decider import ERASED, StreamAbsent
from domain.ledger.application import Cases
from domain.reaching import Hours
from domain.remembered import Holder
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.slip import Answering, Promised, sentence
from domain.withholding import in_force
from projections.next_step import NEXT_STEP

_NEXT = Shape(NEXT_STEP)
_NOW = AsOf(version=None, known_at=None, happened_by=None)
_UNTOLD = {ERASED, WITHHELD, HIDDEN}


def answering(cases: Cases, case: UUID) -> Answering:
    """Return what slips of a case tell now. Raises `StreamAbsent`."""
    state = cases.loaded(case, Case).state
    if not isinstance(state, Case) or state.responsible is None:
        raise StreamAbsent
    closed = state.status != "open"
    promised = None if closed else _promised(cases, case, state)
    if is_protected(cases, case):
        at = reached(cases, Holder(state.duty_holder or state.responsible.organisation, ""))
        untold = promised and promised.but(what=None)
        return Answering(
            at["organisation_name"] or at["organisation"], telephone=at["switchboard"], closed=closed, promised=untold
        )
    at = reached(cases, state.responsible)
    of_unit = at["telephone"] is not None
    return Answering(
        at["organisation_name"] or at["organisation"], at["unit_name"] or at["unit"], at["worker_name"],
        at["telephone"] if of_unit else at["switchboard"],
        msgspec.convert(at["hours"], tuple[Hours, ...]) if of_unit else (), at["electronic"], closed, promised,
    )  # fmt: skip


def says(it: Answering) -> dict[RuleLanguage, str]:
    """Return what a slip says now, in each language."""
    now = datetime.now(UTC)
    return {language: sentence(it, now, language) for language in RULE_LANGUAGES}


def _promised(cases: Cases, case: UUID, state: Case) -> Promised | None:
    """Return what is promised next, as anybody may be told it: nothing of what is kept from whomever."""
    misplaced = [version for version, waits in state.misplaced.now().items() if waits]
    untold = Kept({version: it for it in in_force(state) for version in (it.entry, *it.also)}, (), misplaced)
    _, _, steps = read_rows(cases, _NEXT, case, _NOW, Bounds())
    told = promise_of(cases, case, steps, untold)
    if told is None or told["version"] in misplaced or untold.whole(told["version"]):
        return None
    return Promised(told["who"], None if told["what"] in _UNTOLD else told["what"], told["due"])
