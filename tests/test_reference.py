"""The reference says what the code says."""

from tools.reference import PAGE, page


def test_the_reference_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"
