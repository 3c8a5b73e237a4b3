"""Events to bytes and back: exactly, for ever, and the bytes chained from the first event on."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case import Case
from domain.decider import SEALED, Actor, Context, Event, Recorded, Role, Words
from domain.ledger.application import Cases
from domain.ledger.keys.keks import keks_in
from domain.ledger.mapper import (
    UPCASTERS,
    Codec,
    EventMapper,
    HistoryDamaged,
    NotExact,
    Sealed,
    TopicUnknown,
    chained,
    codec_of,
    codecs,
    decoded,
    every,
    opened,
)
from domain.ledger.recorder import NO_HASH, Act, Receipt
from domain.ledger.words import Keyring, entry_key, unseal
from domain.voice import StatementRecorded, ViewUnavailable
from tests.domain.ledger.conftest import faults, stored
from tests.town import BO, Town

CASE = UUID("5b2dd6a6-7a3b-4d52-9f6f-2d6b6a9f0c11")
EVENTS = sorted(every(Event), key=lambda it: it.topic)
anything_said = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
times = st.datetimes(
    datetime(1, 1, 2), datetime(9999, 12, 30),  # noqa: DTZ001 - the offset is drawn beside
    timezones=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)  # fmt: skip


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Draw any value of a field's type."""
    if get_origin(hint) is Annotated:
        return values(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in {Union, types.UnionType}:
        return st.one_of(*map(values, get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if is_dataclass(hint):
        return st.builds(cast("Any", hint), **{name: values(it) for name, it in hints_of(hint).items()})
    drawn: dict[Any, st.SearchStrategy[Any]] = {
        str: anything_said,
        datetime: times,
        int: st.integers(),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }
    hint = getattr(hint, "__supertype__", hint)
    return drawn[hint] if hint in drawn else st.from_type(hint)


def hints_of(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {it.name: hints[it.name] for it in fields(kind)}


contexts = st.builds(
    Context, command=st.uuids(), actor=values(Actor), occurred=times, recorded=times, reported=st.booleans(),
    late=st.booleans(), on_behalf_of=st.none() | anything_said, causation=st.none() | st.uuids(),
    imported=st.none() | st.uuids(), version=st.integers(1, 2**31 - 1), facts=st.none(),
)  # fmt: skip


@st.composite
def any_event(draw: st.DrawFn, among: tuple[type[Event[Any]], ...] = tuple(EVENTS)) -> Recorded:
    kind = draw(st.sampled_from(among))
    return Recorded(draw(st.uuids()), draw(values(kind)), draw(contexts))


def said(**how: Any) -> StatementRecorded:
    said = StatementRecorded(uuid4(), "odotan", "client", "none", 0, "fi", "spoken", None)
    return said.but(**how)


def mapper() -> EventMapper:
    return EventMapper("koe", Keyring(keks_in(Path(), "koe")))


def read_back(through: EventMapper, it: Recorded) -> Recorded:
    """Store an event and read it back, with its words."""
    key = through.keyring.new(it.stream)
    sealed = through.to_stored_event(it)
    back = through.to_domain_event(
        StoredEvent(sealed.originator_id, sealed.originator_version, it.event.topic, sealed.state)
    )
    if sealed.ciphertext is None:
        return back
    assert all(getattr(back.event, name) == SEALED for name in codec_of(type(it.event)).words)
    return replace(
        back, event=opened(back.event, unseal(entry_key(key, "koe", it.stream, it.version), sealed.ciphertext))
    )


@settings(deadline=None, max_examples=400)
@given(it=any_event())
def test_every_event_reads_back_exactly(it: Recorded) -> None:
    back = read_back(mapper(), it)
    assert (back, type(back.event)) == (it, type(it.event))
    for name, value in vars(it.event).items():
        assert type(getattr(back.event, name)) is type(value)
    assert back.context.occurred.utcoffset() == it.context.occurred.utcoffset()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda it: it.topic)
@settings(deadline=None, max_examples=5)
@given(data=st.data())
def test_every_topic_reads_back_exactly(kind: type[Event[Any]], data: st.DataObject) -> None:
    it = data.draw(any_event((kind,)))
    assert read_back(mapper(), it) == it


@settings(deadline=None, max_examples=100)
@given(it=any_event())
def test_the_stored_document_holds_no_words_and_says_what_it_is(it: Recorded) -> None:
    through = mapper()
    through.keyring.new(it.stream)
    document = msgspec.json.decode(through.to_stored_event(it).state)
    codec = codec_of(type(it.event))
    assert (document["topic"], document["payload"]) == (it.event.topic, it.event.payload_version)
    assert set(document["event"]) == {name for name in vars(it.event) if name not in codec.words}


def test_nobody_guesses_an_event_from_its_hash() -> None:
    through, now = mapper(), Context(uuid4(), BO, datetime.now(UTC), datetime.now(UTC), version=1)
    it = Recorded(CASE, ViewUnavailable("plan", ""), now)
    first, second = (msgspec.json.decode(through.to_stored_event(it).state) for _ in range(2))
    assert len(bytes.fromhex(first["salt"])) == 16
    assert first.pop("salt") != second.pop("salt")
    assert first == second


def test_a_value_that_would_not_read_back_is_not_stored() -> None:
    helsinki_1900 = datetime(1900, 1, 1, tzinfo=ZoneInfo("Europe/Helsinki"))  # 1 h 39 min 49 s ahead, by the sun
    context = Context(uuid4(), BO, helsinki_1900, datetime.now(UTC), version=1)
    event = ViewUnavailable("handoff", "ei tavoitettu")
    through = mapper()
    through.keyring.new(CASE)
    with pytest.raises(NotExact):
        through.to_stored_event(Recorded(CASE, event, context))
    now = replace(context, occurred=context.recorded)
    assert through.to_stored_event(Recorded(CASE, event, now))
    with pytest.raises(NotExact):
        through.to_stored_event(Recorded(CASE, said(present=[1]), now))


def test_no_two_events_have_one_topic_and_none_is_a_module_path() -> None:
    topics = [it.topic for it in EVENTS]
    assert len(set(topics)) == len(topics)
    assert all(topic == topic.lower() and "." not in topic and ":" not in topic for topic in topics)
    assert set(codecs()) >= set(topics)


# Upcasting: a later release reads what an earlier one wrote.


class Named(Event[Case]):
    """As it was first."""

    topic = "thing-named"
    name: str
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:  # noqa: ARG002
        return state


class NamedInParts(Event[Case]):
    """As it is now: the name in parts, and something that is new."""

    topic = "thing-named"
    payload_version = 3
    first: str
    last: str
    words: Words
    more: Words = ""
    size: int = 7

    def evolve(self, state: Case, ctx: Context) -> Case:  # noqa: ARG002
        return state


def in_parts(values: dict[str, Any]) -> dict[str, Any]:
    first, _, last = values.pop("name").partition(" ")
    return values | {"given": first, "family": last}


def renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {"first": values.pop("given"), "last": values.pop("family")} | values


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let a test topic be known as one release or another knows it."""

    def knows(event: type[Event[Any]] | None) -> None:
        monkeypatch.delitem(codecs(), "thing-named", raising=False)
        if event is not None:
            monkeypatch.setitem(codecs(), "thing-named", Codec(event))

    monkeypatch.setitem(UPCASTERS, ("thing-named", 1), in_parts)
    monkeypatch.setitem(UPCASTERS, ("thing-named", 2), renamed)
    return knows


def append(cases: Cases, stream: UUID, *events: Event[Any]) -> None:
    """Append events as a release would that has commands for them."""
    before, now = cases.loaded(stream, Case), datetime.now(UTC)
    recorded = [
        Recorded(stream, event, Context(uuid4(), BO, now, now, version=before.version + n))
        for n, event in enumerate(events, 1)
    ]
    receipt = Receipt(uuid4(), stream, before.version + 1, before.version + len(events))
    cases.write([Act(stream, before.version, before.head, recorded, [receipt])])


def test_what_an_older_release_wrote_is_upcast_version_by_version(town: Town, release: Any) -> None:
    case = town.case()
    release(Named)
    append(town.cases, case, Named("Aino Virta", "sanat"))
    release(NamedInParts)
    read = town.cases.history(case)[-1].event
    assert read == NamedInParts("Aino", "Virta", SEALED, SEALED, 7)
    assert opened(read, town.cases.words(case)[2]) == NamedInParts("Aino", "Virta", "sanat", "", 7)
    append(town.cases, case, NamedInParts("Bo", "Ek", "sanat", "lisää", 9))
    assert town.cases.history(case)[-1].event == NamedInParts("Bo", "Ek", SEALED, SEALED, 9)
    assert faults(town.cases.region, case) == []


def test_what_a_newer_release_wrote_stops_that_case_alone(town: Town, elsewhere: Town, release: Any) -> None:
    case, other = town.case(), town.case()
    release(NamedInParts)
    append(town.cases, case, NamedInParts("Aino", "Virta", "sanat"))
    for older in (None, Named):  # neither the topic nor that version of it is known
        release(older)
        with pytest.raises(TopicUnknown):
            elsewhere.say(case)
        with pytest.raises(TopicUnknown):
            elsewhere.cases.history(case)
        elsewhere.say(other)
        elsewhere.case()
    release(NamedInParts)
    assert elsewhere.say(case).last == 3


def test_a_version_that_no_upcaster_leads_on_from_is_damage(release: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    release(Named)
    through = mapper()
    through.keyring.new(CASE)
    now = datetime.now(UTC)
    state = through.to_stored_event(Recorded(CASE, Named("Aino", "x"), Context(uuid4(), BO, now, now, version=1))).state
    release(NamedInParts)
    assert decoded(CASE, 1, state)
    monkeypatch.delitem(UPCASTERS, ("thing-named", 2))
    with pytest.raises(HistoryDamaged):
        decoded(CASE, 1, state)
    with pytest.raises(HistoryDamaged):
        decoded(CASE, 1, state.replace(b'"payload":1', b'"payload":-1'))


# Damage


@pytest.mark.parametrize(
    "damage",
    [lambda it: it[:-1], lambda it: it[1:], lambda it: it[:0], lambda it: it[:0] + b"null", lambda it: it[:0] + b"[]",
     lambda it: it.replace(b"handoff", b"hand\xff"), lambda it: it.replace(b"handoff", b"hand\xed\xa0\x80"),
     lambda it: it.replace(b'"about"', b'"abort"'), lambda it: it.replace(b'"handoff"', b'"nothing"'),
     lambda it: it.replace(b'"worker"', b'"king"'), lambda it: it.replace(b"+00:00", b"").replace(b"Z", b""),
     lambda it: it.replace(b'"event":{', b'"event":' + b"[" * 9999)],
)  # fmt: skip
def test_bytes_that_cannot_be_read_are_told_as_damage(town: Town, damage: Any) -> None:
    case, other = town.case(), town.case()
    append(town.cases, case, ViewUnavailable("handoff", "ei tavoitettu"))
    spoilt = damage(stored(town.cases.region, case)[1].state)
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("UPDATE events SET bytes = %s WHERE stream = %s AND version = 2", (spoilt, case))
    with pytest.raises(HistoryDamaged):
        town.cases.history(case)
    assert faults(town.cases.region, case) == ["hash of 2", "HistoryDamaged in 2"]
    assert town.say(other).last == 2


@settings(deadline=None, max_examples=200)
@given(it=any_event(), at=st.integers(0), bits=st.integers(1, 255))
def test_any_changed_byte_reads_as_damage_or_as_something_else_and_never_as_an_error(
    it: Recorded, at: int, bits: int
) -> None:
    through = mapper()
    through.keyring.new(it.stream)
    state = bytearray(through.to_stored_event(it).state)
    state[at % len(state)] ^= bits
    try:
        decoded(it.stream, it.version, bytes(state))
    except (HistoryDamaged, TopicUnknown):
        return


# The chain


def test_every_event_is_chained_from_the_first_one_on(town: Town, elsewhere: Town) -> None:
    case = town.case()
    for here in (town, elsewhere, town):
        here.say(case)
    previous = NO_HASH
    for it in stored(town.cases.region, case):
        previous = chained(town.cases.region.name, previous, it)
        assert it.hash == previous
    loaded = town.cases.loaded(case, Case)
    assert loaded.head == previous


def test_what_is_stored_is_byte_for_byte_what_was_hashed(town: Town) -> None:
    case = town.case()
    nasty = 'a "quote" \\ \\u0000 \0 \x1f 😀 \ufffe \uffff \u2028 é é %s :service'
    event = said(words=nasty, present=2**70)
    actor = Actor(nasty, Role.WORKER, nasty, nasty)
    now = datetime.now(UTC)
    context = Context(uuid4(), actor, now, now, on_behalf_of=nasty, version=2)
    before = town.cases.loaded(case, Case)
    receipt = Receipt(uuid4(), case, 2, 2)
    town.cases.write([Act(case, 1, before.head, [Recorded(case, event, context)], [receipt])])
    assert faults(town.cases.region, case) == []
    read = town.cases.history(case)[1]
    assert read.context == context
    assert opened(read.event, town.cases.words(case)[2]) == event


@pytest.mark.parametrize(
    "change",
    ["hash = set_byte(hash, 3, (get_byte(hash, 3) + 1) %% 256)", "bytes = set_byte(bytes, 60, 65)",
     "bytes = bytes || ' '::bytea", "topic = 'case-closed'", "occurred = occurred - interval '1 us'",
     "recorded = recorded + interval '1 us'", "version = 9"],
)  # fmt: skip
def test_a_changed_column_of_any_event_is_seen(town: Town, change: str) -> None:
    for version in (1, 2, 3):
        case = town.case()
        town.say(case)
        town.say(case)
        assert faults(town.cases.region, case) == []
        with town.cases.region.connect(owner=True) as owner:
            owner.execute(f"UPDATE events SET {change} WHERE stream = %s AND version = %s".encode(), (case, version))
        assert faults(town.cases.region, case) != []


def test_a_removed_swapped_or_moved_event_is_seen(town: Town) -> None:
    changes = [
        "DELETE FROM events WHERE stream = %s AND version = 2",
        "UPDATE events SET version = -version WHERE stream = %s AND version IN (2, 3)",
        "UPDATE events SET stream = gen_random_uuid() WHERE stream = %s AND version = 1",
    ]
    for change in changes:
        case = town.case()
        town.say(case, "yksi")
        town.say(case, "kaksi")
        with town.cases.region.connect(owner=True) as owner:
            owner.execute("ALTER TABLE events DROP CONSTRAINT IF EXISTS events_version_check")
            owner.execute(change.encode(), (case,))
            owner.execute("UPDATE events SET version = 5 + version WHERE stream = %s AND version < 0", (case,))
        assert faults(town.cases.region, case) != []


def test_a_whole_stream_moved_to_another_id_or_region_is_seen(town: Town) -> None:
    case, elsewhere = town.case(), uuid4()
    assert chained("koe", b"", a(case)) != chained("muu", b"", a(case))
    assert chained("koe", b"", a(case)) != chained("koe", b"", a(elsewhere))
    assert chained("koe", b"", a(case)) != chained("koe", b"", replace(a(case), originator_version=2))
    assert chained("koe", b"x", a(case)) != chained("koe", b"", replace(a(case), state=b"x{}"))
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("UPDATE events SET stream = %s WHERE stream = %s", (elsewhere, case))
    assert faults(town.cases.region, elsewhere) == ["hash of 1"]


def a(stream: UUID) -> Sealed:
    now = datetime(2025, 3, 3, tzinfo=UTC)
    return Sealed(stream, 1, "case-opened", b"{}", now, now)
