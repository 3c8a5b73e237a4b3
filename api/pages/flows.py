"""How cases flow between organisations, as a picture in both directions and as a table: counted against the sender."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from api.pages.asking import following
from api.pages.drawing.flows import flows_picture, share, summed
from api.pages.drawing.words import Spoken, Told
from api.pages.page import Visit

_MOST, _PAGES = 1000, 20
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


async def flows(visit: Visit) -> Response:
    """Show what went between organisations: in the last twelve months, unless the address names others."""
    query = visit.request.query_params
    since, until, organisation = (query.get(name, "").strip() for name in ("since", "until", "organisation"))
    wrong = [name for name, it in (("since", since), ("until", until)) if it and not _MONTH.fullmatch(it)]
    asked = {"from_": since or None, "to": until or None, "organisation": organisation or None}
    told, is_whole = ([], True) if wrong else await _all(visit, asked)
    went, speaks = summed(told), Spoken(visit.into)
    return visit.render(
        "audit/flows.html", went=went, svg=Markup(flows_picture(went, speaks)),  # noqa: S704  # all in it is escaped
        since=since, until=until, organisation=organisation, wrong=wrong, share=share, is_whole=is_whole,
    )  # fmt: skip


async def _all(visit: Visit, asked: dict[str, Any]) -> tuple[list[Told], bool]:
    """Return the flows of all pages, and whether that is all there is."""
    told: list[Told] = []
    after: str | None = None
    for _ in range(_PAGES):
        page = await visit.ask.get("/flows", limit=_MOST, after=after, **asked)
        told, after = told + page["flows"], following(page)
        if after is None:
            break
    return told, after is None
