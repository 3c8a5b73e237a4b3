"""What pages load beside themselves: styles and scripts, all of them of this package.

They are read once, when the service starts, and named with a hash of what is in them: so a browser keeps each for as
long as it likes, and asks anew when a release brings another. What no page names with its hash is asked for each time.
"""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

HDS = "hds.css"
"""The Helsinki Design System's styles, the parts of it that pages use in one file: its base first."""

_PARTS = "vendor/hds-core/"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
_FOR_GOOD = "public, max-age=31536000, immutable"
_EACH_TIME = "public, no-cache"


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent, and `version`, which follows from what is in it."""

    content: bytes
    packed: bytes
    kind: str
    version: str


def url(name: str) -> str:
    """Return the address of a file for a page, as in `luotsi/base.css`. Raises KeyError where there is none."""
    return f"/static/{name}?v={_kept()[name].version}"


def mount(app: FastAPI) -> None:
    """Mount the files. They ask for no token."""
    _kept()

    async def static(request: Request, name: str) -> Response:
        file = _kept().get(name)
        if file is None:
            raise HTTPException(404)
        packs = "gzip" in request.headers.get("accept-encoding", "")
        tag = f'"{file.version}{"-gzip" if packs else ""}"'
        lasts = request.query_params.get("v") == file.version
        headers = {"ETag": tag, "Cache-Control": _FOR_GOOD if lasts else _EACH_TIME, "Vary": "Accept-Encoding"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if packs:
            headers["Content-Encoding"] = "gzip"
        return Response(file.packed if packs else file.content, headers=headers, media_type=file.kind)

    app.add_api_route(
        "/static/{name:path}", static, methods=["GET", "HEAD"], include_in_schema=False, response_class=Response
    )


@cache
def _kept() -> Mapping[str, StaticFile]:
    found = dict(_below(files("api.pages").joinpath("static"), ""))
    parts = sorted(it for it in found if it.startswith(_PARTS) and it.endswith(".css"))
    found[HDS] = b"\n".join(found[it] for it in parts)
    return {name: _file(name, content) for name, content in found.items()}


def _below(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for it in folder.iterdir():
        if it.is_dir():
            yield from _below(it, f"{name}{it.name}/")
        else:
            yield f"{name}{it.name}", it.read_bytes()


def _file(name: str, content: bytes) -> StaticFile:
    kind = next((kind for suffix, kind in _TYPES.items() if name.endswith(suffix)), "text/plain")
    return StaticFile(content, gzip.compress(content, mtime=0), kind, sha256(content).hexdigest()[:16])
