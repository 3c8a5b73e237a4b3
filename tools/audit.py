"""Whether a vulnerability is known in what requirements.lock installs, asked of a public service where one is reached.

Static checks of our own code are ruff's rules S, a port of bandit's, and run with the other rules.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
SECONDS = 30

UNREACHABLE = re.compile(
    r"^(\w+\.)*(\w*ConnectionError|\w*Timeout|ProxyError|SSLError|HTTPError|ServiceError|JSONDecodeError)\b"
    r"|Could not connect to|Failed to (connect|query)", re.MULTILINE
)  # fmt: skip
"""How pip-audit says that nobody answered, or nobody who knows of vulnerabilities."""

# The lock is whole and has hashes, so nothing is resolved or installed for it.
AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"),
    *("--format", "json", "--vulnerability-service", "osv", "--timeout", "10"),
)


class ServiceUnreachable(Exception):
    """No service that knows of vulnerabilities could be reached."""


class AuditFailed(Exception):
    """The audit failed, and not for want of a service."""


@dataclass(frozen=True)
class Vulnerability:
    """A vulnerability that is known in a version that the lock installs."""

    package: str
    version: str
    id: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        mended = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "not fixed yet"
        return f"{self.package} {self.version}: {self.id}, {mended}"


def known(lock: Path = LOCK, *options: str, seconds: float = SECONDS) -> list[Vulnerability]:
    """Return the vulnerabilities that are known in what a lock installs.

    `options` are more of pip-audit's own. Only a whole answer counts as one: else it raises `ServiceUnreachable` or
    `AuditFailed`.
    """
    command = [*AUDIT, "--requirement", str(lock), *options]
    try:
        run = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", timeout=seconds)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise ServiceUnreachable(f"Nothing was known after {seconds:.0f} seconds.") from None
    try:
        return list(_found(json.loads(run.stdout)))
    except (ValueError, LookupError, TypeError):
        why = run.stderr.strip().splitlines()[-1:] or ["It said nothing."]
        raise (ServiceUnreachable if UNREACHABLE.search(run.stderr) else AuditFailed)(why[0]) from None


def _found(report: dict[str, Any]) -> Iterator[Vulnerability]:
    for it in report["dependencies"]:
        for one in it.get("vulns", ()):
            yield Vulnerability(it["name"], it["version"], one["id"], tuple(one["fix_versions"]))


def main(*options: str) -> str | None:
    """Audit the lock; return what to complain about, if anything."""
    try:
        found = known(LOCK, *options)
    except ServiceUnreachable as why:
        print(f"{LOCK.name}: NOT CHECKED for known vulnerabilities. {why.__doc__} {why}")
        return None
    except AuditFailed as why:
        return f"{LOCK.name}: {why.__doc__} {why}"
    if not found:
        print(f"{LOCK.name}: no known vulnerabilities.")
    return "\n".join(f"{LOCK.name}: {it}" for it in found) or None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
