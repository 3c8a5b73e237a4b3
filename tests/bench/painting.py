"""Pages in a real browser: what a long case and a large caseload cost whoever looks at one, or steps through it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import UUID

from playwright.sync_api import Browser, Page

from api.development import DevelopmentIssuer
from api.settings import Settings
from domain.authorization import Grant
from domain.decider import Actor, Role
from domain.ledger.sequencer import settle
from tests.bench.asking import ready
from tests.bench.coursing import Course, on_hand, told
from tests.bench.ground import ground
from tests.bench.measure import Contender, Goal, Line, Part, Rates, Scale, Spread, compared, side_by_side
from tests.bench.serving import HOST, serving
from tests.pages.browser import WIDE, chromium

BARE = "the landing page"
AUDITOR = Actor("tarkastaja", Role.AUDITOR)
HALF = Goal(0.5)


class Look(NamedTuple):
    """How long a page took, in milliseconds: until its first byte, its first paint, and all of it was there."""

    answered: float
    painted: float
    loaded: float


Looking = Callable[[], Look]


class Pair(NamedTuple):
    """The same page of little and of much, by what each is called: loaded as a `whole`, or a part put in its place."""

    little: str
    much: str
    whole: bool = True


def missing() -> str | None:
    """Return what is not there to measure pages with, None where all is."""
    return None if shutil.which("chromium") else "Pages are measured in the program chromium, and it is not there."


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure each page of little and of much, and the steps of a replay, in windows side by side."""
    few, many = scale.long_pages
    part = Part("pages", f"Pages in a browser: of {few} and of {many:,} events, with {scale.on_hand[-1]} cases on hand")
    if without := missing():
        part.notes.append(without)
        return part
    settings = Settings(home=scratch / "pages")
    with ground(url, "pages", 2, settings.home) as it:
        courses = [told(it, acts) for acts in scale.long_pages]
        workers = [on_hand(it, f"eeva-{cases}", cases) for cases in scale.on_hand]
        settle(it.region, it.notary)
        it.settle()
        environment = {"LUOTSI_HOME": str(settings.home), "DATABASE_URL": url, "LUOTSI_REGION": it.region.name}
        with serving("house", 1, environment, scratch) as service, chromium() as browser:
            ready(service.port)
            windows = Windows(browser, f"http://{HOST}:{service.port}", DevelopmentIssuer.at(settings))
            looks, pairs = {BARE: windows.at("/")}, list[Pair]()
            for pair, pages in (*of_workers(windows, workers, scale), *of_cases(windows, courses)):
                looks |= {pair.little: pages[0], pair.much: pages[1]}
                pairs.append(pair)
            compare(part, looks, pairs, scale)
    part.notes.append("Each page has a window of its own, which keeps the styles and scripts after the first look.")
    return part


def of_workers(windows: Windows, workers: list[Actor], scale: Scale) -> Iterator[tuple[Pair, list[Looking]]]:
    """Yield the desk with few cases on hand and with many."""
    few, many = (f"the desk, {cases} cases on hand" for cases in scale.on_hand)
    yield Pair(few, many), [windows.at("/desk", who) for who in workers]


def of_cases(windows: Windows, courses: list[Course]) -> Iterator[tuple[Pair, list[Looking]]]:
    """Yield the pages of a short case and of a long one."""
    seen = frozenset(it.case for it in courses)

    def named(what: str, *, whole: bool = True) -> Pair:
        short, long = (f"{what}, {it.acts:,} events" for it in courses)
        return Pair(short, long, whole)

    yield named("the desk's page of a case"), [windows.at(f"/desk/cases/{it.case}", it.worker) for it in courses]
    yield named("the client's page"), [windows.at(f"/own/{it.case}", it.theirs) for it in courses]
    yield named("the replay"), [windows.at(f"/audit/cases/{it.case}", AUDITOR, seen) for it in courses]
    yield named("a step of the replay by a link"), [windows.steps_by_link(it, seen) for it in courses]
    yield named("a step of the replay in place", whole=False), [windows.steps_in_place(it, seen) for it in courses]


class Windows:
    """A browser's windows, each of somebody who has signed in."""

    def __init__(self, browser: Browser, origin: str, issuer: DevelopmentIssuer) -> None:
        self._browser = browser
        self._origin = origin
        self._issuer = issuer

    def at(self, path: str, who: Actor | None = None, cases: frozenset[UUID] = frozenset()) -> Looking:
        """Return what looks at a page."""
        page = self._opened(who, cases)
        return lambda: looked(page, path)

    def steps_by_link(self, it: Course, cases: frozenset[UUID]) -> Looking:
        """Return what goes to and fro between two events in the middle of a case, as its links do."""
        page, middle = self._opened(AUDITOR, cases), it.acts // 2
        versions = cycle([middle, middle + 1])
        return lambda: looked(page, f"/audit/cases/{it.case}?version={next(versions)}")

    def steps_in_place(self, it: Course, cases: frozenset[UUID]) -> Looking:
        """Return what goes to and fro between two events, as the replay does it where scripts run."""
        page = self._opened(AUDITOR, cases)
        page.goto(f"/audit/cases/{it.case}?version={it.acts // 2}")
        ways = cycle(["next", "previous"])

        def step() -> Look:
            took: float = page.evaluate(_STEP, f"step-{next(ways)}")
            return Look(took, took, took)

        return step

    def _opened(self, who: Actor | None, cases: frozenset[UUID]) -> Page:
        grant = Grant("valvonta", cases) if cases else None
        headers = {"Authorization": f"Bearer {self._issuer.mint(who, grant=grant)}"} if who else {}
        context = self._browser.new_context(
            base_url=self._origin, locale="fi-FI", viewport={"width": WIDE, "height": 900}, extra_http_headers=headers
        )  # fmt: skip
        context.set_default_timeout(120_000)
        return context.new_page()


def looked(page: Page, path: str) -> Look:
    """Go to a page, and return how long it took by the browser's own clock."""
    answer = page.goto(path)
    if answer is None or not answer.ok:
        raise RuntimeError(f"{path} was answered {answer and answer.status}")
    return Look(*page.evaluate(_TIMES))


def compare(part: Part, looks: Mapping[str, Looking], pairs: list[Pair], scale: Scale) -> None:
    """Look at everything in turn, and tell what each came to: much against little, and little against a bare page."""
    taken: dict[str, list[Look]] = {name: [] for name in looks}

    def contender(name: str, look: Looking) -> Contender:
        def run() -> float:
            times = [look() for _ in range(scale.looks)]
            taken[name].append(Look(*map(median, zip(*times, strict=True))))
            return 1000 / taken[name][-1].painted

        return run

    for look in looks.values():
        look()
    painted = side_by_side(scale.rounds, {name: contender(name, look) for name, look in looks.items()})
    loaded = {name: [1000 / it.loaded for it in times] for name, times in taken.items()}
    for what, rates, told_of in (("painted", painted, pairs), ("loaded", loaded, [it for it in pairs if it.whole])):
        for pair in told_of:
            part.lines.append(line(rates, what, pair.much, pair.little, HALF))
            part.lines.append(line(rates, what, pair.little, BARE))
        part.lines.append(line(rates, what, BARE))
    part.times["until the first byte of a page has come"] = {
        name: 1000 * median(it.answered for it in taken[name])
        for pair in pairs if pair.whole for name in (pair.little, pair.much)
    }  # fmt: skip


def line(rates: Rates, what: str, name: str, against: str = "", goal: Goal | None = None) -> Line:
    """Return how many milliseconds it took, and how many times as fast as the other it was."""
    value = Spread.of([1000 / it for it in rates[name]])
    return Line(f"{name}, {what}", value, " ms", against, compared(rates, name, against) if against else None, goal)


_TIMES = """() => new Promise(done => {
    const look = () => {
        const [paint] = performance.getEntriesByName("first-contentful-paint")
        const [all] = performance.getEntriesByType("navigation")
        if (paint && all.loadEventEnd) done([all.responseStart, paint.startTime, all.loadEventEnd])
        else setTimeout(look, 2)
    }
    look()
})"""

# Until the step is drawn: the frame after the one in which it was put in its place has begun.
_STEP = """id => new Promise((done, wrong) => {
    const began = performance.now(), told = () => done(performance.now() - began)
    const drawn = () => requestAnimationFrame(() => setTimeout(told))
    document.addEventListener("htmx:afterSettle", drawn, {once: true})
    setTimeout(() => wrong(new Error(`nothing came of ${id}`)), 60_000)
    document.getElementById(id).click()
})"""
