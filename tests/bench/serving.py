"""Commands over HTTP, against an endpoint that does nothing with the same body and token."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.development import DevelopmentIssuer
from api.settings import Settings
from domain.ledger.postgres import free_port
from tests.bench.ground import AINO, SAID, Ground, ground
from tests.bench.measure import Contender, Goal, Part, Scale, side_by_side

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
STARTS, ENDS = 30.0, 30.0
CASES_EACH = 8  # of a connection, so that all are remembered after the rounds that do not count
WARMING = 3
EMPTY, BARE = "an empty endpoint with the same body and token", "an empty endpoint without them"


@dataclass
class Service:
    """A running service, and what processor time its requests took."""

    port: int
    pid: int
    seconds: float = 0.0
    answered: int = 0


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure commands over some connections, each contender in processes of its own."""
    part = Part("http", f"Commands over HTTP at {scale.connections} connections")
    settings = Settings(home=scratch / "service")
    token = DevelopmentIssuer.at(settings).mint(AINO)
    with ExitStack() as stack:
        services: dict[str, Service] = {}
        contenders: dict[str, Contender] = {}

        def contends(name: str, it: Ground, kind: str, workers: int = 1) -> None:
            environment = {"LUOTSI_HOME": str(settings.home), "DATABASE_URL": url, "LUOTSI_REGION": it.region.name}
            services[name] = service = stack.enter_context(serving(kind, workers, environment, scratch))
            contenders[name] = loaded(service, it, token, scale)

        grounds = [stack.enter_context(ground(url, f"http_{workers}", 2, settings.home)) for workers in scale.workers]
        for it in grounds:
            it.open(scale.connections * CASES_EACH)
        contends(EMPTY, grounds[0], "empty")
        contends(BARE, grounds[0], "bare")
        for it, workers in zip(grounds, scale.workers, strict=True):
            contends(commands(workers), it, "house", workers)
        for contender in contenders.values():
            for _ in range(WARMING):
                contender()
        for service in services.values():
            service.seconds, service.answered = 0.0, 0
        rates = side_by_side(scale.rounds, contenders)
    for workers in scale.workers:
        part.rate(rates, commands(workers), EMPTY, Goal(0.35, 0.5))
    part.rate(rates, EMPTY)
    part.rate(rates, BARE, EMPTY)
    spent = {name: 1e6 * it.seconds / it.answered for name, it in services.items() if it.seconds}
    if spent:
        part.times["of the service's processor, a request"] = spent
    return part


def commands(workers: int) -> str:
    return f"commands, {'one worker' if workers == 1 else f'{workers} workers'}"


def loaded(service: Service, it: Ground, token: str, scale: Scale) -> Contender:
    """Return the load on a service, as requests a second."""
    plan = {
        "host": HOST, "port": service.port, "token": token, "connections": scale.connections,
        "seconds": scale.seconds, "body": json.dumps({"words": SAID}),
        "paths": [f"/cases/{case}/record-statement" for case in it.opened],
    }  # fmt: skip

    def run() -> float:
        before = spent(service.pid)
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.load"], cwd=ROOT, input=json.dumps(plan), capture_output=True,
            text=True, check=False, timeout=scale.seconds + 60,
        )  # fmt: skip
        if told.returncode:
            raise RuntimeError(told.stderr)
        found = json.loads(told.stdout)
        if set(found["answers"]) != {"200"}:
            raise RuntimeError(f"the service answered {found['answers']}")
        service.seconds += spent(service.pid) - before
        service.answered += found["answers"]["200"]
        return float(found["answers"]["200"] / found["seconds"])

    return run


@contextmanager
def serving(kind: str, workers: int, environment: dict[str, str], scratch: Path) -> Iterator[Service]:
    """Run a service for the while, on a port of its own."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", f"tests.bench.answering:{kind}", "--factory", "--host", HOST,
        "--port", str(port), "--workers", str(workers), "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip
    with (scratch / f"{kind}-{workers}.log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log)
        try:
            answers(process, port, log)
            yield Service(port, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(ENDS)
            except subprocess.TimeoutExpired:
                process.kill()


def answers(process: subprocess.Popen[bytes], port: int, log: Any) -> None:
    """Wait until the service takes requests."""
    deadline = time.monotonic() + STARTS
    while True:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/health/live", timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise RuntimeError(log.read()) from None
            time.sleep(0.05)


def spent(pid: int) -> float:
    """Return the processor seconds of a process and its children so far, or nothing where the system can't tell."""
    proc = Path("/proc")
    if not (proc / str(pid)).exists():
        return 0.0
    stats = {int(it.parent.name): it.read_text().rpartition(")")[2].split() for it in proc.glob("[0-9]*/stat")}
    family = {pid, *(child for child, fields in stats.items() if int(fields[1]) == pid)}
    ticks = sum(int(stats[member][field]) for member in family for field in (11, 12))
    return ticks / os.sysconf("SC_CLK_TCK")
