"""What a run found, as text and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.measure import Line, Part, Spread

MEASURED = ("eventsourcing", "psycopg", "fastapi", "uvicorn", "pydantic", "msgspec")


def machine() -> dict[str, Any]:
    """Return what it was measured on."""
    return {"processor": processor(), "cores": os.cpu_count(), "memory_gib": memory(), "system": platform.system()}


def processor() -> str:
    """Return the processor's name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.machine())


def memory() -> float:
    """Return the machine's memory in GiB."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def versions(url: str) -> dict[str, str]:
    """Return the versions of what was measured."""
    with psycopg.connect(url) as connection:
        postgres = str(connection.execute("SHOW server_version").fetchall()[0][0])
    return {"python": platform.python_version(), "postgresql": postgres} | {it: version(it) for it in MEASURED}


def results(parts: Sequence[Part], url: str, **how: Any) -> dict[str, Any]:
    """Return everything as JSON will have it."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "run": how,
        "machine": machine(),
        "versions": versions(url),
        "parts": {it.name: part_of(it) for it in parts},
    }


def part_of(part: Part) -> dict[str, Any]:
    """Return a part as JSON will have it."""
    times = {what: {phase: round(took, 1) for phase, took in by.items()} for what, by in part.times.items()}
    return {
        "title": part.title,
        "lines": [line_of(it) for it in part.lines],
        "microseconds": times,
        "notes": part.notes,
    }


def line_of(line: Line) -> dict[str, Any]:
    """Return a line as JSON will have it."""
    found: dict[str, Any] = {"what": line.what, "unit": line.unit, "value": rounded(line.value)}
    if line.p99 is not None:
        found["p99"] = float(f"{line.p99:.4g}")
    if line.ratio is not None:
        found |= {"against": line.against, "ratio": rounded(line.ratio)}
    if line.goal is not None and line.ratio is not None:
        found["goals"] = [{"goal": goal, "at_most": line.goal.at_most, "met": met} for goal, met in verdicts(line)]
    return found


def rounded(spread: Spread) -> dict[str, float]:
    """Return a spread with as many digits as it is good for."""
    return {name: float(f"{value:.4g}") for name, value in asdict(spread).items()}


def verdicts(line: Line) -> list[tuple[float, bool]]:
    """Return each step of a line's goal, and whether it is met."""
    return [] if line.goal is None or line.ratio is None else line.goal.verdicts(line.ratio.median)


def text(part: Part) -> Iterator[str]:
    """Yield a part as a table."""
    yield f"\n{part.title}\n"
    for line in part.lines:
        yield f"  {line.what:<72}{came_to(line)}"
        if line.ratio is not None:
            low, high = line.ratio.low, line.ratio.high
            against = f"{line.ratio.median:.2f} ({low:.2f} to {high:.2f}) times: {line.against}"
            yield f"      {against}{goals(line)}"
    for what, phases in part.times.items():
        yield f"\n  Where the time goes: {what}, µs"
        yield from (f"    {phase:<40}{took:>10.1f}" for phase, took in phases.items())
    yield from (f"\n  {note}" for note in part.notes)


def came_to(line: Line) -> str:
    """Return what a line came to; times that were each measured with the 99th percentile beside the median."""
    if line.p99 is None:
        return f"{line.value.median:>12,.0f}{line.unit}"
    return f"{line.value.median:>12,.2f}{line.unit}, p99 {line.p99:,.2f}{line.unit}"


def goals(line: Line) -> str:
    """Return what a line's goal asks, and whether it is met."""
    sign = "≤" if line.goal and line.goal.at_most else "≥"
    told = [f"{sign} {goal:g} {'met' if met else 'NOT MET'}" for goal, met in verdicts(line)]
    return f"; goal {', '.join(told)}" if told else ""
