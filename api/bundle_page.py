"""The page in a bundle: what happened in a case, for people to read. It proves nothing, and says so and what does.

One file that asks for nothing else and runs nothing, readable on a screen, on paper and by a screen reader. It leaves
row by row, with the words of a few entries in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.bundle_texts import TEXTS
from api.event_words import EVENTS
from api.html import Html, el, joined, page, table, text
from api.opening import Opening
from api.reading_words import ROLES
from api.replay import holder_told, time_told
from api.value_words import ENTRIES, FIELDS, value_told
from domain.corrections import EntryMarkedErroneous
from domain.decider import CLIENT, CLIENT_SIDE, Actor, Recorded
from domain.history import counted
from domain.intake import Continues
from domain.ledger.mapper import codec_of
from domain.ledger.words import WordsDamaged, unseal
from domain.remembered import Holder
from domain.rules import RuleLanguage
from projections.closure import CLOSURE, Closure
from projections.heard import HEARD, Hearing
from projections.owner import OWNER, OwnerPeriod
from projections.voice import VOICE, Said

OpenedWords = Callable[[], Iterator[tuple[int, bytes, bytes]]]
"""Returns the entries that are opened, by version, each with its sealed words and the key to them."""

_OWNERS = ("since", "until", "owner", "responsible", "duty_holder", "entry")
_VOICE = ("when", "what", "speaker", "who", "words", "came_of_it", "entry")
_HEARD = ("when", "decision", "who", "was_heard", "entry")
_ENDING = ("proposed", "ground", "initiator", "client_said", "objections", "closed", "standing", "entry")
_HISTORY = ("entry", "happened", "recorded", "who", "what", "words")
"""The headings of the tables."""

_EMPTY = Html("")
_WORDS_OF_ROW = ("words", "said_of_owner", "reason", "why")


@dataclass(frozen=True)
class Page:
    """A case as its page tells it: its whole `history`, of which `opening` says what the reader is told."""

    region: str
    case: UUID
    made: datetime
    language: RuleLanguage
    words: str
    history: Sequence[Recorded]
    opening: Opening
    opened: OpenedWords

    def parts(self) -> Iterator[bytes]:
        """Yield the page, in UTF-8."""
        told = page(self.language, f"{self.says('title')} {self.case}", self._body())
        return (part.encode() for part in told)

    def says(self, what: str) -> str:
        """Return a text of the page's own."""
        return TEXTS[what].to(self.language)

    # The page, from top to bottom

    def _body(self) -> Iterator[Html]:
        counting = counted(self.history)
        yield el("header", el("h1", text(self.says("title"))), self._about(), self._caution())
        yield self._contents()
        periods = OWNER.over(counting)
        yield self._where(periods[-1] if periods else None)
        yield from self._section("owners", _OWNERS, self._owners(periods))
        yield from self._section("voice", _VOICE, self._voice(VOICE.over(counting)))
        yield from self._section("heard", _HEARD, self._heard(HEARD.over(counting)))
        yield from self._section("ending", _ENDING, self._ending(CLOSURE.over(counting)))
        yield from self._section("history", _HISTORY, self._entries())
        yield self._verifying()

    def _about(self) -> Html:
        facts = [
            ("case", text(str(self.case))), ("region", text(self.region)), ("made", self.time(self.made)),
            ("events", text(str(len(self.history)))), ("words", text(self._words_told())),
        ]  # fmt: skip
        return joined(self._terms(facts), el("p", text(self.says("times"))))

    def _words_told(self) -> str:
        if self.words in {"all", "none"}:
            return self.says(f"words_{self.words}")
        return f"{self.says('words_some')} {self.words.replace(',', ', ')}."

    def _caution(self) -> Html:
        return el("p", el("strong", text(self.says("proves_nothing"))), class_="caution")

    def _contents(self) -> Html:
        names = ("where", "owners", "voice", "heard", "ending", "history", "verify")
        links = (el("li", el("a", text(self.says(name)), href=f"#{name}")) for name in names)
        return el("nav", el("ul", *links), aria_label=self.says("contents"))

    def _where(self, last: OwnerPeriod | None) -> Html:
        is_open = last is not None and last.until is None
        parts = [el("p", text(self.says("open" if is_open else "not_open")))]
        if last is not None and is_open and self._is_told(last):
            facts = (self._owner(last), holder_told(last.responsible), last.duty_holder)
            named = zip(("owner", "responsible", "duty_holder"), facts, strict=True)
            parts.append(self._terms((name, text(fact)) for name, fact in named))
        return el("section", el("h2", text(self.says("where")), id="where"), *parts)

    def _terms(self, facts: Iterable[tuple[str, Html]]) -> Html:
        return el("dl", *(joined(el("dt", text(self.says(name))), el("dd", fact)) for name, fact in facts))

    def _section(self, name: str, headings: Sequence[str], rows: Iterable[Html]) -> Iterator[Html]:
        """Yield a section with a table of these rows."""
        yield Html("<section>")
        yield el("h2", text(self.says(name)), id=name)
        yield from table(self.says(name), [self.says(it) for it in headings], rows, self.says("nothing"))
        yield Html("</section>")

    def _owners(self, periods: Iterable[OwnerPeriod]) -> Iterator[Html]:
        for it in filter(self._is_told, periods):
            until = text(self.says("still")) if it.until is None else self.time(it.until)
            yield _row(
                self.time(it.since), until, text(self._owner(it)), text(holder_told(it.responsible)),
                text(it.duty_holder), _entry(it.version),
            )  # fmt: skip

    def _voice(self, said: Iterable[Said]) -> Iterator[Html]:
        words = _Words(self.opened())
        for it in sorted(filter(self._is_told, said), key=lambda it: it.version):
            has_words = any(getattr(it, name) is not None for name in _WORDS_OF_ROW)
            yield _row(
                self.time(it.said_at), self._kind_of(it), self._value("speaker", _speaker(it)),
                text(self._by(it.by, it.by_role)), self._words(it.version, words, it.language) if has_words else _EMPTY,
                self._came_of(it), _entry(it.version),
            )  # fmt: skip

    def _heard(self, hearings: Iterable[Hearing]) -> Iterator[Html]:
        for it in filter(self._is_told, hearings):
            heard = self._value("heard", it.heard)
            rests_on = it.said if it.said is not None else it.no_view_because
            if rests_on is not None:
                heard = joined(heard, text(f" ({self.says('rests_on')} "), _entry(rests_on), text(")"))
            yield _row(
                self.time(it.decided_at), self._value("kind", it.kind), text(self._by(it.by, it.by_role)), heard,
                _entry(it.version),
            )  # fmt: skip

    def _ending(self, closures: Iterable[Closure]) -> Iterator[Html]:
        for it in filter(self._is_told, closures):
            yield _row(
                self.time(it.proposed_at), self._value("ground", it.ground), self._value("initiator", it.initiator),
                self._value("answer", it.client) if it.client else _EMPTY, text(str(it.objections)),
                self.time(it.closed_at) if it.closed_at else _EMPTY, self._value("status", it.status),
                _entry(it.version),
            )  # fmt: skip

    def _entries(self) -> Iterator[Html]:
        told = filter(self._is_told, self.history)
        marked = {it.event.version for it in told if isinstance(it.event, EntryMarkedErroneous)}
        words = _Words(self.opened())
        for it in self.history:
            number = el("th", text(str(it.version)), scope="row", id=f"entry-{it.version}")
            if self._is_told(it):
                cells = self._happened(it, words, erroneous=it.version in marked)
                yield el("tr", number, *(el("td", cell) for cell in cells))
            else:
                yield el("tr", number, el("td", text(self._withheld(it.version)), colspan="5"))

    def _verifying(self) -> Html:
        command = el("pre", el("code", text(f"luotsi verify case-{self.case}.zip")))
        return el(
            "section", el("h2", text(self.says("verify")), id="verify"), el("p", text(self.says("verify_by"))), command,
            el("p", text(self.says("verify_says"))),
        )  # fmt: skip

    # What stands in it

    def _happened(self, it: Recorded, words: _Words, *, erroneous: bool) -> tuple[Html, ...]:
        ctx = it.context
        notes = {"reported": ctx.reported, "late": ctx.late, "imported": bool(ctx.imported), "erroneous": erroneous}
        noted = [self.says(name) for name, holds in notes.items() if holds]
        what = EVENTS[it.event.topic].to(self.language) + (f" ({', '.join(noted)})" if noted else "")
        whom = f", {self.says('on_behalf_of')} {self._said('who', ctx.on_behalf_of)}" if ctx.on_behalf_of else ""
        return (
            self.time(ctx.occurred), self.time(ctx.recorded),
            text(self._who(ctx.actor) + whom), joined(text(what), self._facts(it)),
            self._words(it.version, words, getattr(it.event, "language", None)),
        )  # fmt: skip

    def _is_told(self, it: Any) -> bool:
        """Say whether an entry, or a row that begins with one, is told to the reader."""
        return self.opening.withheld(it.version) is None

    def _withheld(self, version: int) -> str:
        ground = self.opening.withheld(version)
        if ground == "another_person":
            return f"[{self.says(ground)}]"
        it = self.opening.kept.entries[version]
        said = f"{self.says('withheld')}: {value_told('ground', it.ground, self.language)}"
        review = f"; {self.says('reviewed_by')} {time_told(it.review_by)}" if it.review_by else ""
        return f"[{said}; {ROLES[it.by.role].to(self.language)}{review}]"

    def _words(self, version: int, words: _Words, lang: str | None) -> Html:
        state = self.opening.words(version)
        if state == "none":
            return _EMPTY
        found = words.of(version) if state == "opened" else None
        if found is None:
            return el("em", text(f"[{self.says('damaged' if state == 'opened' else state)}]"))
        attributes = {"lang": lang} if lang else {}
        said = (found[name] for name in sorted(found) if found[name] and name != "client")
        return joined(*(el("p", text(it), class_="said", dir="auto", **attributes) for it in said))

    def _facts(self, it: Recorded) -> Html:
        words = codec_of(type(it.event)).words
        facts = [
            el("li", text(f"{self._field(name, value)}: "), self._value(name, value))
            for name, value in vars(it.event).items()
            if name not in words and name != "policy" and value not in (None, False, "", ()) and not _is_id(value)
        ]
        return el("ul", *facts) if facts else _EMPTY

    def _field(self, name: str, value: Any) -> str:
        timed = FIELDS.get(f"{name} time") if isinstance(value, datetime) else None
        return (timed or FIELDS[name]).to(self.language)

    def _value(self, name: str, value: Any) -> Html:
        if isinstance(value, tuple):
            return Html(", ".join(self._value(name, it) for it in value))
        if isinstance(value, datetime):
            return self.time(value)
        if isinstance(value, int) and name in ENTRIES:
            return _entry(value)
        return text(self._said(name, value))

    def _said(self, name: str, value: Any) -> str:
        match value:
            case True:
                return self.says("yes")
            case Holder():
                return holder_told(value)
            case Actor():
                return self._who(value)
            case Continues():
                return f"{value.region}, {value.case}"
        return value_told(name, str(value), self.language)

    def _kind_of(self, it: Said) -> Html:
        kind = value_told("kind", it.kind, self.language)
        more = value_told("request", it.request, self.language) if it.request else it.score
        return text(kind if more is None else f"{kind}: {more}")

    def _came_of(self, it: Said) -> Html:
        said = [value_told("standing", it.standing, self.language)] if it.standing else []
        said += [value_told("outcome", it.outcome, self.language)] if it.outcome else []
        said += [value_told("answer", it.position, self.language)] if it.position else []
        parts = [text(", ".join(said))]
        if it.changed is not None and it.changed != it.version:
            parts += [text(f"; {self.says('changed')} "), _entry(it.changed)]
        for number, version in enumerate(it.used_in):
            parts += [text(", " if number else f"; {self.says('used_in')} "), _entry(version)]
        return joined(*parts)

    def _owner(self, it: OwnerPeriod) -> str:
        kind = value_told("owned_by", it.owned_by, self.language)
        return kind if it.owner is None else f"{holder_told(it.owner)} ({kind})"

    def _who(self, actor: Actor) -> str:
        at = "/".join(part for part in (actor.organisation, actor.unit) if part)
        return ", ".join(filter(None, [self._by(actor.id, str(actor.role)), at]))

    def _by(self, who: str, role: str) -> str:
        named = next((told.to(self.language) for it, told in ROLES.items() if it == role), role)
        return named if who == role else f"{who} ({named})"

    def time(self, moment: datetime) -> Html:
        """Return a time as it was in Finland, and for programs as it is written."""
        return el("time", text(time_told(moment)), datetime=moment.isoformat())


class _Words:
    """The words of entries that are asked for by rising version, with no more of them in memory than need be."""

    def __init__(self, opened: Iterator[tuple[int, bytes, bytes]]) -> None:
        self._opened = opened
        self._next = next(opened, None)

    def of(self, version: int) -> Mapping[str, str] | None:
        """Return an entry's words by field, None where they can't be opened."""
        while self._next is not None and self._next[0] < version:
            self._next = next(self._opened, None)
        if self._next is None or self._next[0] != version:
            return None
        _, ciphertext, key = self._next
        try:
            return unseal(key, ciphertext)
        except WordsDamaged:
            return None


def _speaker(it: Said) -> str:
    """Return whose words a row has: what staff enter without saying so is the client's, but for their own questions."""
    if it.kind in {"experience_asked", "view_unavailable"}:
        return it.by_role
    return it.speaker or (it.by_role if it.by_role in CLIENT_SIDE else CLIENT)


def _row(*cells: Html) -> Html:
    return el("tr", *(el("td", cell) for cell in cells))


def _entry(version: int) -> Html:
    return el("a", text(str(version)), href=f"#entry-{version}")


def _is_id(value: Any) -> bool:
    return isinstance(value, UUID) or (isinstance(value, tuple) and all(isinstance(it, UUID) for it in value))
