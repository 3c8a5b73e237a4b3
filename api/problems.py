"""Whatever goes wrong, as application/problem+json (RFC 9457): one type for each kind, and each says what to do.

A problem's text is the docstring of the class that it stands for, here or in the domain. Words never appear in one,
nor in the log: of what nobody foresaw only its type and the lines of code that it passed through are told.
"""

import logging
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.decider import Absent, Conflict, Forbidden, Refusal, Unacceptable, kebab
from domain.ledger.application import KeyReused, TooBusy, VersionMismatch
from domain.ledger.database import DatabaseUnavailable
from domain.ledger.erasures import RegisterDamaged, RegisterUnwritable
from domain.ledger.keys.seal import KeysUnavailable
from domain.ledger.mapper import HistoryDamaged, TopicUnknown, every
from domain.ledger.words import KeyDestroyed, WordsDamaged
from domain.overrides import Overridable

MEDIA_TYPE = "application/problem+json"
MOST_BYTES = 1024 * 1024

_log = logging.getLogger(__name__)


class Problem(Exception):
    """What goes wrong at the door, before the rules are asked. The docstring is what the caller reads."""

    status: ClassVar[int] = 400
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *, more_headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(detail(type(self)))
        self.details = details
        self.more_headers = more_headers or {}


class BodyMalformed(Problem):
    """The body is not JSON. Send one JSON object, in UTF-8."""


HEADERS: Mapping[str, str] = {
    "Idempotency-Key": "1 to 255 visible ASCII characters, without a blank",
    "If-Match": 'a version in double quotes, as in "18", or *',
    "Occurred-At": "a time of the years 1900 to 2199 with its offset (RFC 3339), as in 2025-03-03T09:00:00+02:00",
    "Reported": "true or false",
    "Causation-Id": "a UUID",
    "Dry-Run": "true or false",
}
"""The form that each header takes."""


class HeaderMalformed(Problem):
    """The header that is named can't be read. Send it in the form that is told, or leave it out."""

    def __init__(self, header: str) -> None:
        super().__init__(header=header, form=HEADERS[header])


class PathUnknown(Problem):
    """Nothing is at this path. Choose one of those that /docs lists."""

    status = 404


class MethodNotAllowed(Problem):
    """This path takes other methods: the header Allow lists them. Use one of those."""

    status = 405


class HttpMalformed(Problem):
    """That is no HTTP/1.1 request. Send one, as any HTTP client does."""


class HeadTooLarge(Problem):
    """The request's head is too large: its path, its query and its headers. Send shorter ones."""

    status = 431


class RequestTooSlow(Problem):
    """The request did not come whole within its time. Send it again, over a connection that carries it faster."""

    status = 408


class BodyTooLarge(Problem):
    """The body is too large. Send less at once; documents stay in the client information system and are referred to."""

    status = 413


class NotJson(Problem):
    """The body's type is not JSON. Send JSON with the header Content-Type: application/json."""

    status = 415


class RequestInvalid(Problem):
    """The request is not of the form that is documented. `errors` says where and what: correct those, and send it again."""  # noqa: E501

    status = 422


class Unforeseen(Problem):
    """Something went wrong here that nobody foresaw. With an Idempotency-Key you can safely send the request again."""

    status = 500


_STATUSES: Mapping[type[Exception], int] = {
    VersionMismatch: 412,
    Forbidden: 403,
    Absent: 404,
    Conflict: 409,
    Unacceptable: 422,
    KeyDestroyed: 409,
    TooBusy: 503,
    DatabaseUnavailable: 503,
    TopicUnknown: 503,
    HistoryDamaged: 503,
    WordsDamaged: 503,
    RegisterDamaged: 503,
    RegisterUnwritable: 503,
    **dict.fromkeys([KeysUnavailable, *KeysUnavailable.__subclasses__()], 503),
}
_PASSING = (TooBusy, DatabaseUnavailable)
_FAMILIES = frozenset({Refusal, Forbidden, Absent, Conflict, Unacceptable, Overridable})


def kinds() -> dict[str, type[Exception]]:
    """Return every kind of problem by the name in its type."""
    foreign = (it for it in _STATUSES if it not in _FAMILIES)
    refusals = (it for it in every(Refusal) if it not in _FAMILIES)
    found: dict[str, type[Exception]] = {}
    for kind in (*_descendants(Problem), *refusals, KeyReused, *foreign):
        if found.setdefault(slug(kind), kind) is not kind:
            raise ValueError(f"two problems are called {slug(kind)}")
    return dict(sorted(found.items()))


def _descendants(kind: type[Problem]) -> Iterator[type[Problem]]:
    for it in kind.__subclasses__():
        yield it
        yield from _descendants(it)


def slug(kind: type[Exception]) -> str:
    """Return the name in a problem's type: `HandoffPending` is "handoff-pending"."""
    return kebab(kind.__name__)


def status(kind: type[Exception]) -> int:
    """Return the HTTP status of a kind of problem: its own, or that of the nearest of its forebears."""
    own = getattr(kind, "status", None)
    return own or next((_STATUSES[it] for it in kind.__mro__ if it in _STATUSES), 500)


def detail(kind: type[Exception]) -> str:
    """Return what a problem of this kind says."""
    return kind.says() if issubclass(kind, Refusal) else " ".join((kind.__doc__ or "").split())


def described(kind: type[Exception]) -> dict[str, Any]:
    """Return what is the same in all problems of a kind."""
    title = re.sub(r"-", " ", slug(kind)).capitalize()
    about = {"type": f"/problems/{slug(kind)}", "title": title, "status": status(kind), "detail": detail(kind)}
    rule = getattr(kind, "rule", None)
    return about if rule is None else about | {"rule": rule}


def told(problem: Exception) -> dict[str, Any]:
    """Return what is told of something that went wrong: what is the same in all of its kind, and the facts of it."""
    body = dict(described(type(problem)))
    details = dict(getattr(problem, "details", {}))
    if "errors" in details:
        body["errors"] = details.pop("errors")
    return body | ({"details": msgspec.to_builtins(details)} if details else {})


def response(problem: Exception) -> Response:
    """Return the response for something that went wrong."""
    headers = {"Retry-After": "1"} if isinstance(problem, _PASSING) else {}
    if isinstance(problem, Problem):
        headers |= {**problem.headers, **problem.more_headers}
    return Response(msgspec.json.encode(told(problem)), status(type(problem)), headers, MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Let every problem that a request runs into be answered as one, and documented under its type."""

    async def answer(_: Request, problem: Exception) -> Response:
        return response(problem)

    for kind in (Problem, Refusal, *(it for it in _STATUSES if not issubclass(it, Refusal))):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_middleware(BodyLimit)
    app.add_middleware(NothingEscapes)
    about: dict[str, Any] = {"tags": ["problems"]}
    app.add_api_route(
        "/problems/{name}", problem_type, operation_id="ProblemType", summary="Explain a type of problem", **about
    )
    app.add_api_route(
        "/problems", problem_types, operation_id="ProblemTypes", summary="List the types of problems", **about
    )


def problem_type(name: str) -> dict[str, Any]:
    """Say what a type of problem means, and what to do about it."""
    if name not in kinds():
        raise PathUnknown
    return described(kinds()[name])


def problem_types() -> list[dict[str, Any]]:
    """List every type of problem."""
    return [described(kind) for kind in kinds().values()]


async def _of_http(_: Request, raised: Exception) -> Response:
    found = raised if isinstance(raised, HTTPException) else HTTPException(500)
    kind = {404: PathUnknown, 405: MethodNotAllowed}.get(found.status_code, BodyMalformed)
    return response(kind(more_headers=found.headers))


async def _of_validation(_: Request, raised: Exception) -> Response:
    return response(invalid(raised.errors() if isinstance(raised, RequestValidationError) else ()))


def invalid(errors: Iterable[Any]) -> Problem:
    """Return the problem for what pydantic found. It says where and what is wrong, never the value: it may be words."""
    found = [{"where": _where(it["loc"]), "what": _what(it)} for it in errors]
    if any(it["type"] == "json_invalid" for it in errors):
        return BodyMalformed()
    return RequestInvalid(errors=found)


def _where(place: Sequence[str | int]) -> str:
    """Return where it is, as "/body/to/unit". A name that is no name of a field is not repeated."""
    return "/" + "/".join(str(it) if re.fullmatch(r"[\w.-]{1,40}", str(it)) else "?" for it in place)


def _what(error: Mapping[str, Any]) -> str:
    if error["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return "There is no such field"
    if error["type"] == "value_error":
        return "Value is not of the form that is documented"
    return str(error["msg"])


class NothingEscapes:
    """Answers what nobody foresaw with a problem, and logs where it came from: never its message."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as raised:
            lines = "".join(traceback.format_tb(raised.__traceback__))
            path = getattr(scope.get("route"), "path", "?")  # the pattern: somebody may put anything into a path
            _log.error("%s %s raised %s\n%s", scope["method"], path, type(raised).__name__, lines)
            if begun:
                raise Unforeseen from None
            await response(Unforeseen())(scope, receive, send)


class BodyLimit:
    """Refuses a body of more than `MOST_BYTES`, by what it says of itself or by what comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "")
        if said.isdigit() and int(said) > MOST_BYTES:
            await response(BodyTooLarge(most=MOST_BYTES))(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > MOST_BYTES:
                raise BodyTooLarge(most=MOST_BYTES)
            return message

        await self.app(scope, counted, send)


def components() -> dict[str, dict[str, Any]]:
    """Return the OpenAPI document's schemas and responses of all problems."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    responses: dict[str, Any] = {}
    every_kind = kinds().values()
    for kind in every_kind:
        about = described(kind)
        schemas[kind.__name__] = {
            "title": about["title"],
            "description": about["detail"],
            "allOf": [{"$ref": "#/components/schemas/Problem"}],
            "properties": {name: {"const": about[name]} for name in ("type", "status", "rule") if name in about},
        }
    for code in sorted({status(kind) for kind in every_kind}):
        of_it = [it for it in every_kind if status(it) == code]
        refs = [{"$ref": f"#/components/schemas/{it.__name__}"} for it in of_it]
        responses[f"Problem{code}"] = {
            "description": "; ".join(described(it)["title"] for it in of_it),
            "content": {MEDIA_TYPE: {"schema": {"oneOf": refs}}},
        }
    responses["Problem"] = {
        "description": "A problem", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }  # fmt: skip
    return {"schemas": schemas, "responses": responses}


_PROBLEM = {
    "type": "object",
    "description": "What went wrong and what to do about it (RFC 9457). A GET on `type` explains it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What it means, and what to do."},
        "rule": {"type": "integer", "description": "The rule of the service that it comes from."},
        "details": {"type": "object", "description": "The facts of this case: ids, times and holders, never words."},
        "errors": {
            "type": "array",
            "description": "What is wrong with the request, and where; never the value itself.",
            "items": {
                "type": "object",
                "required": ["where", "what"],
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
            },
        },
    },
}
