"""One browser and one service for all tests of the pages; each test has windows, clients and cases of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from domain.ledger.postgres import Server
from tests.api.conftest import new_database
from tests.pages.browser import Visitor, chromium, missing
from tests.pages.site import Site, site_of
from tests.provider import running


def lacking(what: str | None) -> None:
    """Skip a test for want of something; but where changes are judged, fail it."""
    if what is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(what)
        pytest.skip(what)


# Not for the session: as long as Playwright is there, no other test can run an event loop of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Give the browser, or say what is missing."""
    lacking(missing())
    with chromium() as it:
        yield it


@pytest.fixture(scope="package")
def site(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the service that runs."""
    with new_database(postgres) as database, site_of(database, tmp_path_factory.mktemp("home")) as it:
        yield it


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Give somebody at a browser, who has seen nothing go wrong by the end of the test."""
    it = Visitor(browser, site)
    yield it
    assert it.end() == []


@pytest.fixture
def provided(site: Site) -> Site:
    """Give the service where one can sign in at a provider, or say what is missing."""
    lacking(None if site.issuer else running.missing() or "the provider does not run")
    return site
