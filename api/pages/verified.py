"""Verifying a case from the page that replays it: by the very check that anybody can make elsewhere.

Without words: it is about what was recorded, and when, not about what was said.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.pages.case import case_of
from api.pages.page import Visit
from verifier.check import check


async def verified(visit: Visit) -> Response:
    """Show what comes of verifying a case now."""
    case = case_of(visit)
    with TemporaryDirectory() as place:
        bundle = Path(place) / "case.zip"
        with bundle.open("wb") as file:
            await visit.ask.saved(f"/cases/{case}/bundle", file, words="none")
        report = await run_in_threadpool(check, bundle)
    return visit.render("audit/verified.html", case=case, report=report)
