import pytest

pytest.register_assert_rewrite("tests.domain.lives.own_will", "tests.domain.lives.parts", "tests.domain.lives.rules")
