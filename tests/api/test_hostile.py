"""Whatever comes, from whomever: each operation is asked much, well-formed and not, and answers as it is documented.

The requests are made from the OpenAPI document by Schemathesis, so an operation that is new is asked too, and are sent
by somebody of each role. What they name is often there: the cases, clients and holders of the demonstration.
`HOSTILE_EXAMPLES` says how many requests an operation is asked of each sort; a handful, unless it is set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import demo
from api.app import create_app
from api.house import House
from api.settings import Settings
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from projections.live import Live
from tests.api.bundles import sealed
from tests.api.conftest import Door, door_of, new_database

MOSTLY = st.sampled_from([True, True, True, False])
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "2"))
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
NEGATIVE = GenerationMode.NEGATIVE
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
CONFIG = {"checks": {"negative_data_rejection": {
    "expected-statuses": [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422],
}}}  # fmt: skip
PEOPLE = [
    demo.AINO, demo.MARJA, demo.client_of("back_to_work"), demo.REPRESENTING, demo.ADMINISTRATOR,
    Actor("auditor", Role.AUDITOR), Actor("ombudsman", Role.OMBUDSMAN), Actor("system", Role.SYSTEM),
]  # fmt: skip


def documented() -> Any:
    """Return the OpenAPI document as Schemathesis reads it."""
    nothing: Any = None
    app = create_app(House(Settings(), nothing, nothing, Live(), nothing, nothing), nothing)
    return schemathesis.openapi.from_dict(app.openapi(), config=schemathesis.Config.from_dict(CONFIG))


SCHEMA = documented()
OPERATIONS = {it.ok().label: it.ok() for it in SCHEMA.get_all_operations()}
ASKED = [
    (label, mode) for label, it in OPERATIONS.items() for mode in GenerationMode
    if mode is not NEGATIVE or it.body or it.query or it.headers  # else there is nothing to get wrong
]  # fmt: skip
FEED = "GET /feed"
"""It never ends, so here it takes nobody, and says so with a 503."""


@dataclass
class Known:
    """What there is, by the names of the fields that name it."""

    cases: list[str]
    clients: list[str]
    ids: list[str]

    def acquainted(self, name: str, value: Any, draw: st.DataObject) -> Any:
        """Return a value with what it names in the place of what is nowhere, mostly."""
        if isinstance(value, dict):
            return {it: self.acquainted(it, part, draw) for it, part in value.items()}
        if isinstance(value, list):
            return [self.acquainted(name, it, draw) for it in value]
        known = self.of(name, value)
        is_named: bool = draw.draw(MOSTLY)
        if known and is_named:
            return draw.draw(st.sampled_from(known))
        return value

    def of(self, name: str, value: Any) -> list[Any]:
        """Return what there is under a name of a field."""
        people = list(demo.STAFF)
        named: dict[str, list[Any]] = {
            "organisation": [it.organisation for it in people], "unit": [it.unit for it in people],
            "worker": [it.id for it in people], "client": self.clients, "case": self.cases, "name": ["key-reused"],
            "version": list(range(1, 9)), "about": list(range(1, 9)), "against": list(range(1, 9)),
        }  # fmt: skip
        return named.get(name) or (self.ids if is_uuid(value) else [])


def is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Known]]:
    """Give the door of a house with the demonstration in it, and what there is."""
    home = tmp_path_factory.mktemp("hostile")
    with new_database(postgres) as database, door_of(database, home) as door:
        demo.load(door.house.cases, NOW)
        sealed(door)
        door.app.state.feed.most = 0
        with door.house.pool.connection() as connection:
            found = connection.execute(
                "SELECT DISTINCT (regexp_matches(convert_from(bytes, 'UTF8'), '[0-9a-f-]{36}', 'g'))[1] FROM events"
            ).fetchall()
        cases = [str(demo.case_of(it)) for it in demo.STORIES]
        clients = [demo.client_of(it).id for it in demo.STORIES]
        yield door, Known(cases, clients, sorted(it for (it,) in found))


@pytest.mark.parametrize(("label", "mode"), ASKED)
def test_every_operation_answers_whatever_comes_as_it_is_documented(
    town: tuple[Door, Known], label: str, mode: GenerationMode
) -> None:
    door, known = town
    operation = OPERATIONS[label]
    checks = [it for it in CHECKS if label != FEED or it is not not_a_server_error]
    checks += [rejection] if mode is NEGATIVE else []

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), draw=st.data())
    def ask(case: Case[Any], draw: st.DataObject) -> None:
        if mode is not NEGATIVE:
            acquaint(case, known, draw)
        for actor in PEOPLE:
            answer = asked(door, case, {"Authorization": f"Bearer {door.issuer.mint(actor)}"})
            case.validate_response(answer, checks=checks)

    ask()


def rejection(ctx: Any, response: Any, case: Case[Any]) -> bool | None:
    """Check that what is not well-formed is refused; but of what comes twice in a query the last counts."""
    names = [name for name, _ in parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)]
    return None if len(set(names)) < len(names) else negative_data_rejection(ctx, response, case)


def acquaint(case: Case[Any], known: Known, draw: st.DataObject) -> None:
    """Let a request name what there is, mostly."""
    for name in list(case.path_parameters):
        there = known.clients if name == "id" and case.path.startswith("/clients") else known.cases
        case.path_parameters[name] = (
            draw.draw(st.sampled_from(there))
            if name == "id"
            else known.acquainted(name, case.path_parameters[name], draw)
        )
    if isinstance(case.body, dict):
        case.body = known.acquainted("", case.body, draw)
    for name in list(case.headers):
        if draw.draw(MOSTLY):  # each may be left out, and most are so seldom that little would go on
            del case.headers[name]


def asked(door: Door, case: Case[Any], headers: Mapping[str, str]) -> Any:
    """Send a request to the service, as it would go over the wire."""
    sent = case.as_transport_kwargs(base_url="http://testserver", headers=dict(headers))
    prepared = requests.Request(**{name: it for name, it in sent.items() if name in FIELDS}).prepare()
    assert prepared.body is None or isinstance(prepared.body, bytes | str)
    return door.http.request(
        str(prepared.method), str(prepared.url), content=prepared.body,
        headers=[(name.encode("latin-1"), as_bytes(value)) for name, value in prepared.headers.items()],
    )  # fmt: skip


FIELDS = ("method", "url", "headers", "files", "data", "params", "cookies", "json")


def as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")
