"""What is printed is printed on purpose: each word of it is kept."""

from __future__ import annotations

import pytest

from tests.verifier.printed import KEPT, PRINTED


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_what_was_printed_before(name: str) -> None:
    assert PRINTED[name]() + "\n" == (KEPT / name).read_text("utf-8"), "run python -m tests.verifier.lies"
