"""The table of lies, as `docs/integrity.md` has it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.verifier.lies.all import LIES
from verifier import findings
from verifier.findings import Broken, Fault, Unreadable

PAGE = Path(__file__).parents[3] / "docs/integrity.md"
BEGIN, END = "<!-- the table of lies -->\n", "<!-- the end of the table -->\n"


def table() -> str:
    """Return a row for each kind of fault: the exit, the message, and the lies that are caught by it."""
    rows = "".join(_row(it) for it in vars(findings).values() if isinstance(it, type) and issubclass(it, Fault))
    return f"{BEGIN}\n| exit | fault | what is said | lies that are caught by it |\n|---|---|---|---|\n{rows}\n{END}"


def write() -> None:
    """Put the table in its place."""
    page = re.sub(r"\*\*\d+ lies\*\*", f"**{len(LIES)} lies**", PAGE.read_text("utf-8"))
    begin, end = page.index(BEGIN), page.index(END) + len(END)
    PAGE.write_text(page[:begin] + table() + page[end:], encoding="utf-8")


def _row(kind: type[Fault]) -> str:
    if kind in {Fault, Broken, Unreadable}:
        return ""
    lies = ", ".join(name for name, it in LIES.items() if it.kinds.split()[0] == kind.kind())
    said = " ".join((kind.__doc__ or "").split())
    return f"| {2 if issubclass(kind, Unreadable) else 1} | `{kind.kind()}` | {said} | {lies} |\n"
