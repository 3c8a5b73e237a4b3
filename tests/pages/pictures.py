"""The pictures of the main pages in docs/pictures, taken of the demonstration: `make pictures`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from api import demo
from api.development import EVERY_CASE
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.conftest import new_database
from tests.pages.browser import Visitor, chromium, fine, missing
from tests.pages.site import Site, site_of

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
AUDITOR = Actor("tarkastaja", Role.AUDITOR)
DESKTOP, PHONE = (1280, 900), (390, 844)

_CASE = demo.case_of("between_three")


@dataclass(frozen=True)
class Picture:
    """A picture: what it is called, who looks at which page in which language, and on a screen of which size."""

    name: str
    who: Actor | None
    path: str
    language: str = "fi"
    screen: tuple[int, int] = DESKTOP


PICTURES = (
    Picture("desk", demo.AINO, "/desk"),
    Picture("offers", demo.BO, "/desk/offers"),
    Picture("case", demo.KATRI, f"/desk/cases/{_CASE}"),
    Picture("send", demo.AINO, f"/desk/cases/{demo.case_of('back_to_work')}/do/propose-handoff", "en"),
    Picture("unit", demo.MARJA, "/desk/unit", "sv"),
    Picture("own", demo.client_of("between_three"), f"/own/{_CASE}", screen=PHONE),
    Picture("slip", None, "/slip", screen=PHONE),
    Picture("replay", AUDITOR, f"/audit/cases/{_CASE}", "en"),
    Picture("flows", AUDITOR, "/audit/flows", "en"),
)


def take(browser: Browser, site: Site, folder: Path) -> Iterator[Path]:
    """Take every picture, of pages on which nothing is wrong; yield each file once it is there."""
    for it in PICTURES:
        visitor = Visitor(browser, site)
        grant = EVERY_CASE if it.who == AUDITOR else None
        page = visitor.page(it.who, it.language, it.screen[0], grant=grant)
        page.set_viewport_size({"width": it.screen[0], "height": it.screen[1]})
        answer = page.goto(it.path)
        if answer is None or not answer.ok:
            raise SystemExit(f"{it.path}: {answer and answer.status}")
        fine(page)
        path = folder / f"{it.name}.png"
        page.screenshot(path=path)
        if wrong := visitor.end():
            raise SystemExit(f"{it.path}: {'; '.join(wrong)}")
        yield path


@contextmanager
def demonstrated() -> Iterator[Site]:
    """Serve the demonstration, as it is today."""
    with (
        TemporaryDirectory() as home, Server(Path(home) / "postgres") as server, new_database(server) as database,
        site_of(database, Path(home)) as site,
    ):  # fmt: skip
        demo.load(site.house.cases, datetime.now(UTC))
        site.settled()
        yield site


def main() -> None:
    """Take the pictures."""
    if lacks := missing():
        raise SystemExit(lacks)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demonstrated() as site, chromium() as browser:
        for path in take(browser, site, FOLDER):
            sys.stdout.write(f"{path.relative_to(FOLDER.parents[1])}: {path.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
