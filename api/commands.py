"""What can be done: the domain's commands, mounted by one loop. The command's dataclass is the request's body."""

import hashlib
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.auth import bearer
from api.moments import YEARS, moment
from api.problems import HEADERS, HeaderMalformed, NotJson, RequestInvalid, invalid
from domain.assessment import CompleteAssessment
from domain.case import Case
from domain.client import Client
from domain.decider import MOST, Actor, Command, Override, State, Value
from domain.directory import (
    POLICY_STREAM,
    Organisation,
    PolicyInForce,
    Unit,
    Worker,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.intake import Continues
from domain.ledger.application import Asked
from domain.ledger.mapper import every
from domain.ledger.recorder import Receipt
from domain.remembered import Holder

_COMMANDS = uuid5(NAMESPACE_URL, "luotsi:command")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG = re.compile(r'"([0-9]{1,9})"')
_LARGEST = 2**31 - 1
MOST_CHARACTERS = 50_000
"""How long one text may be."""


@dataclass(frozen=True)
class Kind:
    """A kind of stream: its path, where a new one of it is made, and where it is read once it is there."""

    path: str
    stream: Callable[[Any, UUID], UUID]
    location: str | None = None


KINDS: Mapping[type[State], Kind] = {
    Case: Kind("/cases", lambda _, command: uuid5(command, "case"), "/cases/{}"),
    Client: Kind("/clients", lambda _, command: uuid5(command, "client"), "/clients/{}/cases"),
    Organisation: Kind("/organisations", lambda body, _: organisation_stream(body.organisation)),
    Unit: Kind("/units", lambda body, _: unit_stream(body.organisation, body.unit)),
    Worker: Kind("/workers", lambda body, _: worker_stream(body.organisation, body.worker)),
    PolicyInForce: Kind("/policy", lambda *_: POLICY_STREAM),
}


class Done(BaseModel):
    """What a command came to.

    `id` is the stream that it changed (the case, the client…) and `version` that stream's version now. `events` are
    the versions of the events that it led to: none where nothing was new. `made` is the id of the statement, handoff,
    transfer, objection, request or assessment that it made or completed, null where it made none. `command` is the
    command's own id. Of a dry run it is what the same command would come to: what is made anew has these ids only under
    the same Idempotency-Key.
    """

    id: UUID
    version: int
    events: list[int]
    made: UUID | None
    command: UUID


def commands() -> Iterator[type[Command[Any]]]:
    """Yield those that are mounted: all but those of an import, which has a way of its own, and of the log itself."""
    return (it for it in every(Command) if it.state in KINDS and it.__module__ != "domain.imports")


def path_of(command: type[Command[Any]]) -> str:
    """Return where a command is posted."""
    path = KINDS[command.state].path
    return f"{path}/{{id}}/{command.slug()}" if command.stream == "existing" else path


def mount(app: FastAPI) -> None:
    """Mount every command."""
    for command in commands():
        _mount(app, command)


def _mount(app: FastAPI, command: type[Command[Any]]) -> None:
    kind = KINDS[command.state]

    async def existing(request: Request, id: UUID, body: command) -> Response:  # type: ignore[valid-type]  # noqa: A002
        return await _done(request, kind, body, lambda _: id)

    async def beginning(request: Request, body: command) -> Response:  # type: ignore[valid-type]
        return await _done(request, kind, body, lambda command: kind.stream(body, command))

    summary, _, description = " ".join((command.__doc__ or "").split()).partition(". ")
    app.router.add_api_route(
        path_of(command),
        existing if command.stream == "existing" else beginning,
        methods=["POST"],
        status_code=201 if command.stream == "new" else 200,
        route_class_override=StrictRoute,
        operation_id=command.__name__,
        summary=summary.removesuffix("."),
        description=f"{description}\n\nRoles: {', '.join(sorted(command.roles))}.".strip(),
        tags=[command.__module__.removeprefix("domain.").replace("_", " ")],
        response_class=Response,
        responses=_responses(command, kind),
        openapi_extra={"parameters": _PARAMETERS},
    )


class StrictRoute(APIRoute):
    """A route whose body pydantic reads straight from its bytes: strictly, and in one pass."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether it is this route's path: there are many commands, and most are told apart by how they end."""
        if not scope["path"].endswith(self.path.rpartition("}")[2]):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        hints = self.endpoint.__annotations__
        read = TypeAdapter(hints["body"]).validate_json
        endpoint = cast("Callable[..., Coroutine[Any, Any, Response]]", self.endpoint)

        async def handler(request: Request) -> Response:
            request.state.actor = bearer(request).actor
            path = {"id": _path_id(request)} if "id" in hints else {}
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != "application/json" and not media_type.endswith("+json"):
                raise NotJson
            try:
                body = read(await request.body(), strict=True)
            except ValidationError as wrong:
                found = wrong.errors(include_url=False, include_context=False, include_input=False)
                raise invalid([{**it, "loc": ("body", *it["loc"])} for it in found]) from None
            if wrong_values := list(_unstorable(body, "/body")):
                raise RequestInvalid(errors=wrong_values)
            return await endpoint(request, body=body, **path)

        return handler


async def _done(request: Request, kind: Kind, body: Command[Any], stream: Callable[[UUID], UUID]) -> Response:
    asked = asked_of(request, request.state.actor, body, stream, await request.body())
    if _flag(request.headers, "Dry-Run"):
        considered: Receipt = await request.app.state.consider(asked)
        return Response(_told(body, considered), 200, media_type="application/json")
    receipt: Receipt = await request.app.state.execute(asked)
    begun = receipt.first == 1 and receipt.last >= 1
    headers = {"ETag": f'"{receipt.last}"'}
    if begun and kind.location:
        headers["Location"] = kind.location.format(receipt.stream)
    return Response(_told(body, receipt), 201 if begun else 200, headers, "application/json")


def _told(body: Command[Any], receipt: Receipt) -> bytes:
    """Return a `Done`."""
    content = {
        "id": receipt.stream,
        "version": receipt.last,
        "events": list(range(receipt.first, receipt.last + 1)),
        "made": _made(body, receipt),
        "command": receipt.command,
    }
    return msgspec.json.encode(content)


def _made(body: Command[Any], receipt: Receipt) -> UUID | None:
    if not body.makes or receipt.last < receipt.first:
        return None
    begun_before = body.assessment if isinstance(body, CompleteAssessment) else None
    return begun_before or uuid5(receipt.command, "1")


def asked_of(
    request: Request, actor: Actor, body: Command[Any], stream: Callable[[UUID], UUID], content: bytes
) -> Asked:
    """Return the command as the request's headers have it. Raises `HeaderMalformed` and `OffsetMissing`."""
    headers = request.headers
    key, occurred, reported = (headers.get(it) for it in ("idempotency-key", "occurred-at", "reported"))
    if key is not None and not _KEY.fullmatch(key):
        raise HeaderMalformed(header="Idempotency-Key")
    command = uuid4() if key is None else keyed(actor, key)
    return Asked(
        command=body,
        stream=stream(command),
        actor=actor,
        id=command,
        occurred=None if occurred is None else moment(occurred, "Occurred-At"),
        reported=_flag(headers, "Reported"),
        expected=_expected(headers.get("if-match")),
        keyed=key is not None,
        fingerprint=b"" if key is None else _fingerprint(request, content, occurred, reported),
        causation=_causation(headers.get("causation-id")),
    )


def keyed(actor: Actor, key: str) -> UUID:
    """Return the id of the command that an actor asks for under an Idempotency-Key: the same again for the same."""
    return uuid5(_COMMANDS, "\0".join((actor.role, actor.organisation or "", actor.id, key)))


def _fingerprint(request: Request, content: bytes, *said: str | None) -> bytes:
    """Return what tells one request from another: the path, the body, and what else the act says of itself."""
    digest = hashlib.sha256(request.scope["path"].encode())
    for part in (content, *(it.encode() for it in map(str, said))):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _expected(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    etag = _ETAG.fullmatch(if_match.strip())
    if etag is None:
        raise HeaderMalformed(header="If-Match")
    return int(etag[1])


def _flag(headers: Headers, name: str) -> bool:
    said = headers.get(name)
    if said not in {None, "true", "false"}:
        raise HeaderMalformed(header=name)
    return said == "true"


def _causation(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise HeaderMalformed(header="Causation-Id") from None


def _path_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise RequestInvalid(errors=[{"where": "/path/id", "what": "Input should be a valid UUID"}]) from None


def _unstorable(value: Any, where: str) -> Iterator[dict[str, str]]:
    """Yield what is not to be kept: texts without end, NUL characters, numbers and times out of range."""
    match value:
        case Value():
            for name, part in vars(value).items():
                yield from _unstorable(part, f"{where}/{name}")
        case tuple():
            for number, part in enumerate(value):
                yield from _unstorable(part, f"{where}/{number}")
        case str() if "\0" in value:
            yield {"where": where, "what": "Text should have no NUL characters"}
        case str() if len(value) > MOST_CHARACTERS:
            yield {"where": where, "what": f"Text should have at most {MOST_CHARACTERS} characters"}
        case int() if not -_LARGEST <= value <= _LARGEST:
            yield {"where": where, "what": f"Number should be between -{_LARGEST} and {_LARGEST}"}
        case datetime() if value.year not in YEARS:
            yield {"where": where, "what": f"Time should be between {YEARS[0]} and {YEARS[-1]}"}


def limit(schemas: Mapping[str, Any]) -> None:
    """Say in the schemas of the commands how long their texts and lists may be."""
    for name in (it.__name__ for it in (Holder, Override, Continues, *commands())):
        for field in schemas[name]["properties"].values():
            for it in (field, *field.get("anyOf", ())):
                if it.get("type") == "string" and not it.keys() & {"const", "enum", "format"}:
                    it["maxLength"] = MOST_CHARACTERS
                elif it.get("type") == "array":
                    it["maxItems"] = MOST


def _responses(command: type[Command[Any]], kind: Kind) -> dict[int | str, dict[str, Any]]:
    etag = {"ETag": {"description": "The stream's version now", "schema": {"type": "string"}}}
    location = {"Location": {"description": "Where it is read", "schema": {"type": "string"}}}
    begun: dict[str, Any] = {
        "description": "It began", "model": Done, "headers": etag | (location if kind.location else {}),
    }  # fmt: skip
    went_on: dict[str, Any] = {"description": "It was done, or nothing was new", "model": Done, "headers": etag}
    would: dict[str, Any] = {"description": "What it would come to, by a dry run", "model": Done}
    by_stream: dict[str, dict[int | str, dict[str, Any]]] = {
        "new": {200: would, 201: begun},
        "existing": {200: went_on},
        "any": {200: went_on, 201: begun},
    }
    return by_stream[command.stream]


def _header(name: str, about: str, **schema: Any) -> dict[str, Any]:
    description = f"{about} Its form: {HEADERS[name]}."
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_PARAMETERS = [
    _header(
        "Idempotency-Key",
        "Your own name for this act. The same request under the same key is done once, and answered alike each time.",
        type="string", minLength=1, maxLength=255,
    ),
    _header(
        "If-Match", "The version that you have seen. Refused if there is a later one.", type="string",
    ),
    _header(
        "Occurred-At", "When it happened. Left out, it is now.", type="string", format="date-time",
    ),
    _header("Reported", "Whether it took place outside the system, and is only written down here.", type="boolean"),
    _header("Causation-Id", "The act that led to this one, by its `command`.", type="string", format="uuid"),
    _header(
        "Dry-Run",
        "Whether only to say what it would come to. All is looked at as for the act itself, a refusal is the very one "
        "that it would meet, and nothing is written. It can't be foreseen what others do before you act, nor what the "
        "database alone refuses as it writes.",
        type="boolean",
    ),
]  # fmt: skip
