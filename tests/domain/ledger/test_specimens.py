"""What was stored once can be read for ever: a specimen of every topic and payload version.

`specimens/` holds one stored document each, and `as_read.json` what its fields read as. A new topic or payload version
needs a specimen: `python -m tests.domain.ledger.test_specimens` writes those that are missing and touches no other.
Until a release has written a topic its specimen may be deleted and made again; after that it never changes.
"""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

import pytest

from domain.decider import Actor, Context, Event, Recorded, Role
from domain.ledger.keys.keks import keks_in
from domain.ledger.mapper import EventMapper, codec_of, decoded, every
from domain.ledger.words import Keyring

SPECIMENS = Path(__file__).parent / "specimens"
AS_READ = SPECIMENS / "as_read.json"
STREAM = UUID("6f1c4b0e-52a5-4a36-8f4e-0a4d3c1b2a10")
TIME = datetime(2025, 3, 3, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
CONTEXT = Context(
    uuid5(STREAM, "command"), Actor("aino", Role.WORKER, "kela", "asiakaspalvelu"), TIME, TIME + timedelta(minutes=1),
    reported=True, late=False, on_behalf_of="edustaja", causation=uuid5(STREAM, "causation"), imported=None, version=7,
)  # fmt: skip


def made() -> list[Path]:
    return sorted(path for path in SPECIMENS.glob("*.json") if path != AS_READ)


def wanted() -> set[str]:
    """Every topic, in every payload version that it ever had."""
    return {f"{it.topic}.{payload}.json" for it in every(Event) for payload in range(1, it.payload_version + 1)}


def read(specimen: Path) -> dict[str, str]:
    """Return what a specimen reads as today: its context, and its fields by name."""
    it = decoded(STREAM, CONTEXT.version, specimen.read_bytes())
    return {"": repr(it.context)} | {name: repr(value) for name, value in sorted(vars(it.event).items())}


def test_every_topic_in_every_version_has_a_specimen() -> None:
    missing = wanted() - {path.name for path in made()}
    assert missing == set(), "run: python -m tests.domain.ledger.test_specimens"


def test_every_specimen_is_of_a_topic_that_can_still_be_read() -> None:
    assert {path.name for path in made()} - wanted() == set()
    assert {path.name for path in made()} == set(json.loads(AS_READ.read_text("utf-8")))


@pytest.mark.parametrize("specimen", made(), ids=lambda it: it.stem)
def test_a_specimen_reads_as_it_always_did(specimen: Path) -> None:
    once, now = json.loads(AS_READ.read_text("utf-8"))[specimen.name], read(specimen)
    assert {name: now.get(name) for name in once} == once
    topic, _, payload = specimen.stem.rpartition(".")
    document = json.loads(specimen.read_bytes())
    assert (document["topic"], document["payload"]) == (topic, int(payload))


@pytest.mark.parametrize("specimen", made(), ids=lambda it: it.stem)
def test_a_specimen_that_is_of_today_would_be_stored_the_same_again(specimen: Path) -> None:
    document = json.loads(specimen.read_bytes())
    it = decoded(STREAM, CONTEXT.version, specimen.read_bytes())
    if document["payload"] == it.event.payload_version:
        again = json.loads(codec_of(type(it.event)).encode(it.event))
        assert {name: again[name] for name in document["event"]} == document["event"]


def example(hint: Any, name: str) -> Any:
    """Return a value of a field's type: the fullest, and the same each time."""
    if get_origin(hint) is Annotated:
        return example(get_args(hint)[0], name)
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if get_origin(hint) in {Union, types.UnionType}:
        return example(next(arm for arm in get_args(hint) if arm is not types.NoneType), name)
    if get_origin(hint) is tuple:
        return (example(get_args(hint)[0], name), example(get_args(hint)[0], f"{name} 2"))
    if is_dataclass(hint):
        return filled(hint)
    times: dict[Any, Any] = {datetime: TIME, date: TIME.date()}
    known = {str: f"{name} åäö", UUID: uuid5(STREAM, name), int: 3, float: 0.5, bool: True, **times}
    return known[getattr(hint, "__supertype__", hint)]


def filled(kind: Any) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{it.name: example(hints[it.name], it.name) for it in fields(kind)})


def main() -> None:
    """Write the specimens that are missing."""
    as_read = json.loads(AS_READ.read_text("utf-8")) if AS_READ.exists() else {}
    keyring = Keyring(keks_in(Path(), "koe"))
    keyring.new(STREAM)
    for kind in every(Event):
        path = SPECIMENS / f"{kind.topic}.{kind.payload_version}.json"
        if not path.exists():
            path.write_bytes(EventMapper("koe", keyring).to_stored_event(Recorded(STREAM, filled(kind), CONTEXT)).state)
            as_read[path.name] = read(path)
    kept = {name: as_read[name] for name in sorted(as_read) if (SPECIMENS / name).exists()}
    AS_READ.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
