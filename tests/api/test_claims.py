"""What an issuer's claims mean here: as it is configured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.claims import Naming, claim, grant_of, told
from api.development import EVERY_CASE
from api.identity import IdentityWrong, identity_of
from api.settings import Settings
from domain.authorization import Grant
from domain.decider import Actor, Role

REALM = Naming(
    subject="employee.number", role="realm_access.roles", acting_as="acting_as", organisation="org.id",
    unit="https://issuer.example/unit", grant="audit.grant",
    roles={"ohjaaja": Role.WORKER, "esimies": Role.MANAGER, "tarkastaja": Role.AUDITOR},
)  # fmt: skip
CLAIMS: dict[str, Any] = {
    "sub": "f3b2", "employee": {"number": "aino"}, "realm_access": {"roles": ["offline_access", "esimies", "ohjaaja"]},
    "org": {"id": "kela"}, "https://issuer.example/unit": "asiakaspalvelu",
}  # fmt: skip
CASE = UUID("5d1f5f0e-6a0a-4d0c-9a68-0f2f6f0b7a51")


def test_a_claim_is_found_by_its_name_or_at_the_end_of_a_path() -> None:
    assert claim({"a": {"b": 1}}, "a.b") == 1
    assert claim({"a.b": 2, "a": {"b": 1}}, "a.b") == 2
    nothing: list[dict[str, Any]] = [{}, {"a": 1}, {"a": {}}, {"a": ["b"]}]
    assert [claim(it, "a.b") for it in nothing] == [None] * 4


def test_of_several_roles_the_first_that_is_configured_counts() -> None:
    assert REALM.actor(CLAIMS) == Actor("aino", Role.WORKER, "kela", "asiakaspalvelu")


def test_a_token_may_say_in_which_of_its_roles_its_bearer_acts() -> None:
    assert REALM.actor(CLAIMS | {"acting_as": "esimies"}).role == Role.MANAGER


@pytest.mark.parametrize("acting_as", ["tarkastaja", "worker", "", 7, ["ohjaaja"]])
def test_nobody_acts_in_a_role_that_the_issuer_did_not_give_them(acting_as: object) -> None:
    with pytest.raises(ValueError, match="role"):
        REALM.actor(CLAIMS | {"acting_as": acting_as})


@pytest.mark.parametrize(
    "roles", [None, [], "worker", ["worker"], ["offline_access"], [["ohjaaja"]], {"ohjaaja": True}, ["ohjaaja", 7]]
)
def test_a_role_that_is_not_configured_is_none(roles: object) -> None:
    with pytest.raises(ValueError, match=r"role|text"):
        REALM.actor(CLAIMS | {"realm_access": {"roles": roles}})


def test_a_client_goes_by_a_uuid_and_by_no_organisation() -> None:
    client = uuid4()
    assert Naming().actor({"sub": str(client), "role": "client", "organisation": "kela"}) == Actor(
        str(client), Role.CLIENT
    )


@pytest.mark.parametrize("role", ["worker", "manager"])
def test_staff_of_no_organisation_are_nobody(role: str) -> None:
    with pytest.raises(ValueError, match="staff"):
        Naming().actor({"sub": "aino", "role": role, "unit": "asiakaspalvelu"})


@pytest.mark.parametrize("claim", ["sub", "organisation", "unit"])
@pytest.mark.parametrize(
    "said", ["", " ", "kela ", " kela", "ke\u200bla", "kela\n", "kela\0", "\ud800", 7, ["kela"], {}]
)
def test_what_looks_like_a_name_and_is_another_is_none(claim: str, said: object) -> None:
    with pytest.raises(ValueError, match="short text"):
        Naming().actor({"sub": "aino", "role": "worker", "organisation": "kela", "unit": "asiakaspalvelu", claim: said})


def test_the_times_of_a_grant_are_kept_as_exactly_as_any_other() -> None:
    moment = grant_of({"purpose": "valvonta", "since": "2024-01-01T02:00:30.5+02:00:30.5"}).since
    assert moment is not None
    assert moment.isoformat() == "2024-01-01T00:00:00+00:00"


GRANTS: list[Grant] = [
    EVERY_CASE, Grant("valvonta", frozenset({CASE})), Grant("valvonta", frozenset({CASE}), diary="D/17"),
    Grant("valvonta", since=datetime(2024, 1, 1, tzinfo=UTC)), Grant("x", until=datetime(2025, 1, 1, tzinfo=UTC)),
]  # fmt: skip


@pytest.mark.parametrize("grant", GRANTS)
def test_a_grant_is_told_and_understood(grant: Grant) -> None:
    assert grant_of(told(grant)) == grant
    assert REALM.granted({"audit": {"grant": told(grant)}}) == grant
    assert REALM.granted({"grant": told(grant)}) is None


@pytest.mark.parametrize(
    "said",
    [
        "all", [], {}, {"purpose": "x"}, {"cases": [str(CASE)]}, {"purpose": "", "cases": [str(CASE)]},
        {"purpose": "x" * 300, "cases": [str(CASE)]}, {"purpose": "x", "cases": "all"},
        {"purpose": "x", "cases": ["1"]},
        {"purpose": "x", "cases": [7]}, {"purpose": "x", "since": "2024"},
        {"purpose": "x", "since": "2024-01-01T00:00"},
        {"purpose": " ", "cases": [str(CASE)]}, {"purpose": "x", "since": "0001-01-01T00:00:00+14:00"},
        {"purpose": "x", "since": "2025-01-01T00:00:00Z", "until": "2024-01-01T00:00:00Z"},
        {"purpose": "x", "since": 7}, {"purpose": "x", "cases": [str(CASE)], "diary": 7},
        {"purpose": "x", "cases": [str(CASE)], "everything": True}, {"purpose": "x", "cases": [str(CASE)] * 1001},
    ],
)  # fmt: skip
def test_half_a_grant_is_none(said: object) -> None:
    with pytest.raises((ValueError, OverflowError), match=r"."):
        grant_of(said)


# The file.

WHOLE = """
issuer = "https://login.example/realms/a"
audience = "luotsi"
algorithms = ["ES256", "PS256"]
skew_seconds = 30
longest_hours = 1

[claims]
subject = "employee.number"
role = "realm_access.roles"
acting_as = "acting_as"
organisation = "org.id"
unit = "unit"
grant = "audit.grant"

[roles]
ohjaaja = "worker"
esimies = "manager"

[signin]
client = "desk"
secret_file = "desk.secret"
origin = "https://luotsi.example"
scopes = ["openid", "profile"]
"""


def configured(tmp_path: Path, text: str, *, production: bool = True) -> Settings:
    (tmp_path / "identity.toml").write_text(text)
    (tmp_path / "desk.secret").write_text("secret\n")
    return Settings(home=tmp_path, production=production, identity=tmp_path / "identity.toml")


def test_one_file_says_all(tmp_path: Path) -> None:
    how = identity_of(configured(tmp_path, WHOLE)).signin
    assert how is not None
    assert (how.client, how.secret, how.scope) == ("desk", "secret", "openid profile")
    assert how.back == "https://luotsi.example/signin/callback"
    assert (how.terms.issuer, how.terms.skew, how.terms.longest) == ("https://login.example/realms/a", 30, 3600)
    assert how.naming.roles == {"ohjaaja": Role.WORKER, "esimies": Role.MANAGER}
    assert how.naming.role == "realm_access.roles"


def test_two_lines_are_enough(tmp_path: Path) -> None:
    assert identity_of(configured(tmp_path, 'issuer = "https://login.example"\naudience = "luotsi"')).signin is None


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ('issuer = "https://login.example/realms/a"', ""),
        ('issuer = "https://login.example/realms/a"', 'issuer = "http://login.example"'),
        ('issuer = "https://login.example/realms/a"', 'issuer = "http://127.0.0.1"'),
        ('audience = "luotsi"', ""), ('audience = "luotsi"', 'audience = ""'), ('audience = "luotsi"', "audience = 7"),
        ('"PS256"', '"HS256"'), ('"PS256"', '"none"'), ('"ES256", "PS256"', ""),
        ("skew_seconds = 30", "skew_seconds = 31"), ("longest_hours = 1", "longest_hours = 25"),
        ("longest_hours = 1", "longest_hours = 0"), ('"worker"', '"king"'), ("[roles]", "[role]"),
        ('unit = "unit"', 'units = "unit"'), ("desk.secret", "nothing.secret"),
        ('origin = "https://luotsi.example"', 'origin = "https://luotsi.example/"'),
        ('origin = "https://luotsi.example"', 'origin = "http://luotsi.example"'),
        ('origin = "https://luotsi.example"', 'origin = "luotsi.example"'), ('"openid", ', ""),
        ('audience = "luotsi"', 'audience = "luotsi"\nkeys = "keys.json"'), ("[claims]", "[claims"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_meant_is_refused(tmp_path: Path, line: str, instead: str) -> None:
    assert line in WHOLE
    with pytest.raises(IdentityWrong):
        identity_of(configured(tmp_path, WHOLE.replace(line, instead)))


def test_a_secret_is_never_told(tmp_path: Path) -> None:
    assert "secret" not in repr(identity_of(configured(tmp_path, WHOLE)).signin)
