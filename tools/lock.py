"""The lock of dependencies: making it, and knowing whether it still fits pyproject.toml.

The lock names no package index, so it installs from whichever one a machine is set up for.
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"

RECORD = "# The dependencies in pyproject.toml that this was made from: "
ASKED = ("requires-python", "dependencies", "optional-dependencies")
ADDRESS = re.compile(r"://|^\s*(-i|-f|--(extra-|default-)?index(-url)?|--find-links|--trusted-host)\b")
HASH = re.compile(r" \\\n    --hash=(\S+)")
UNREACHABLE = re.compile(r"Failed to fetch|network was disabled")

# The certificates are those the machine trusts, as they are for pip.
RESOLVE = (
    *(sys.executable, "-m", "uv", "pip", "compile", PROJECT.name, "--quiet", "--system-certs"),
    *("--universal", "--python-version", "3.11", "--extra", "dev", "--generate-hashes"),
    *("--custom-compile-command", "make lock"),
)


class IndexUnreachable(Exception):
    """No package index could be reached."""


class Unresolvable(Exception):
    """The dependencies that pyproject.toml asks for could not be resolved."""


def addresses(lock: str) -> list[str]:
    """List the lines of a lock that name a place on a network or on a disk."""
    return [line for line in lock.splitlines() if ADDRESS.search(line)]


def recorded(project: str) -> str:
    """Return the line by which a lock remembers the dependencies that this pyproject.toml asks for."""
    table = tomllib.loads(project)["project"]
    asked = json.dumps({key: table.get(key) for key in ASKED}, sort_keys=True)
    return f"{RECORD}sha256:{hashlib.sha256(asked.encode()).hexdigest()}"


def resolved(lock: str, *options: str) -> str:
    """Resolve pyproject.toml's dependencies, keeping every version in `lock` that still fits.

    The hashes come from the package index, never from `lock`. Raises IndexUnreachable or Unresolvable.
    """
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / LOCK.name
        output.write_text(HASH.sub("", lock), encoding="utf-8")
        command = [*RESOLVE, *options, "--output-file", str(output)]
        run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8")  # noqa: S603
        if run.returncode:
            raise (IndexUnreachable if UNREACHABLE.search(run.stderr) else Unresolvable)(run.stderr.strip())
        return f"{recorded(PROJECT.read_text('utf-8'))}\n{output.read_text('utf-8')}"


def faults(lock: str) -> list[str]:
    """List what is wrong with a lock, in words; none when it is good."""
    found = [f"It names an address: {line.strip()}" for line in addresses(lock)]
    if recorded(PROJECT.read_text("utf-8")) not in lock.splitlines():
        return [*found, "It was made from other dependencies than pyproject.toml asks for: run make lock."]
    try:
        again = resolved(lock)
        if HASH.sub("", again) != HASH.sub("", lock):
            found.append("Resolving pyproject.toml again gives something else: run make lock.")
        if strange := set(HASH.findall(lock)) - set(HASH.findall(again)):
            found.append(f"The package index has no file with these hashes: {', '.join(sorted(strange))}")
    except Unresolvable as why:
        found.append(str(why))
    except IndexUnreachable:
        print(f"{LOCK.name}: the package index can't be reached, so nothing was resolved again.")
        print(f"{LOCK.name}: it does record the dependencies that pyproject.toml asks for.")
    return found


def main(task: str, *options: str) -> str | None:
    """Make the lock or check it; return what to complain about, if anything."""
    lock = LOCK.read_text("utf-8") if LOCK.exists() else ""
    if task == "check":
        return "\n".join(f"{LOCK.name}: {fault}" for fault in faults(lock)) or None
    try:
        LOCK.write_text(resolved(lock, *options), encoding="utf-8")
    except (IndexUnreachable, Unresolvable) as why:
        return f"{LOCK.name} stays as it was. {why.__doc__}\n{why}"
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
