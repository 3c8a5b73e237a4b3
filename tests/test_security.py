"""What docs/security.md says is shown by a test is shown by one that there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOLD = (ROOT / "docs/security.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TOLD)))


def test_the_threat_model_names_tests() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_of_them_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    tests = {it.name for it in ast.walk(tree) if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not name or name in tests


def test_every_threat_says_what_shows_it() -> None:
    rows = [it for it in TOLD.splitlines() if it.startswith("|") and not set(it) <= set("|- ")]
    threats = [it.split("|") for it in rows if not it.startswith("| threat")]
    assert all("tests/" in it[-2] or "not shown" in it[-2] for it in threats), threats
