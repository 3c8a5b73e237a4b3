"""All families of rules over one case: the findings."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache

import projections.findings as families_here
from domain.decider import Recorded
from domain.history import after
from domain.ledger.readtable import Index
from projections.findings.finding import Book, Finding
from projections.projection import Projection

Family = Callable[[Book, Recorded], Book]
"""A family of rules: from the book before an event, and the event, to the book with what the event shows."""


@cache
def families() -> tuple[Family, ...]:
    """Return the families of all modules here that have one: a new one is a new file and nothing else."""
    modules = [importlib.import_module(it.name) for it in pkgutil.iter_modules(families_here.__path__, _PREFIX)]
    return tuple(module.family for module in modules if hasattr(module, "family"))


def findings(book: Book, it: Recorded) -> Book:
    """Let each family judge the event, on the case as it was before; then let the case go on."""
    for family in families():
        book = family(book, it)
    return book.but(case=after(book.case, it), at=book.time_of(it))


def rows_of(book: Book) -> tuple[Finding, ...]:
    """Return the findings, and what may become one by silence."""
    return book.rows


_PREFIX = "projections.findings."

_BY_RULE = ("rule", "since", "case", "number")
_BY_PLACE = ("organisation", "unit", *_BY_RULE)
_OPEN = "settled IS NULL"

FINDINGS = Projection(
    name="findings", version=2, row=Finding, fold=findings, key=("number",), start=Book(), rows=rows_of,
    indexes=(
        Index(_BY_RULE, where=_OPEN), Index(_BY_PLACE, where=_OPEN), Index(_BY_RULE), Index(_BY_PLACE),
        Index(("rule", "case")),
    ),
)  # fmt: skip
"""It has no path: whether a row stands is asked of a moment, so that it is read in a way of its own."""
