"""A town of its own for each scenario."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import door_of
from tests.scenarios.life import Life


@pytest.fixture
def life(database: str, tmp_path: Path) -> Iterator[Life]:
    """Give a town on a ledger that no other scenario uses, with its door open."""
    with door_of(database, tmp_path) as door:
        yield Life(door)
