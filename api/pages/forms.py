"""Forms made of commands: what to fill in, how it is read, and where it was wrong.

A form is the command's dataclass and nothing more. What somebody typed is never lost: a form is shown again with the
very values that came, and with what the service said of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from api.pages import choices
from api.pages.beforehand import initial, stands
from api.pages.choices import Answers, Choice
from api.pages.fields import (
    HELP,
    OF_THE_ACT,
    OF_THE_ACT_TOLD,
    Asked,
    Kind,
    about,
    alternative,
    asked,
    least,
    shown,
    texts,
    title,
)
from api.pages.filled import TEXTS, errors, headers, how_many, overridable, read
from api.pages.language import gettext, translations
from api.pages.page import N_, Values
from domain.decider import CLIENT_SIDE, STAFF, Command, Role
from domain.rules import RuleLanguage

__all__ = [
    "Field", "Form", "Where", "errors", "headers", "initial", "msgids", "needed", "overridable", "read", "stands",
]  # fmt: skip

FEW = 5
"""Of how many values each is seen at once; of more, one is picked from a list."""

_YES_NO = (("true", N_("Yes")), ("false", N_("No")))


@dataclass(frozen=True)
class Where:
    """Where a form stands: in which language, shown to whom, where it is sent, and the session's own token."""

    into: RuleLanguage
    role: Role
    action: str
    csrf: str = ""

    def text(self, message: str, known: str | None = None) -> str:
        """Return a text; to the client's side in the words meant for them, where there are such."""
        if not message:
            return ""
        if self.role in CLIENT_SIDE:
            said = str(translations(self.into).upgettext("client", message))
            if said != message:
                return said
        return known or gettext(self.into, message)


@dataclass(frozen=True)
class Field:
    """A field as it is shown. `values` are those that came, or it begins with; `error` says what was wrong with them.

    `typed` says that whoever sends the form has to fill it in, and `hidden` that the page does so: `said` tells what
    it then holds, where people are to know. `blank` says that it may stay open, and `filled` that it holds more than
    it begins with. `groups` are the fields of a value that has several, group by group.
    """

    name: str
    kind: Kind
    label: str
    help: str = ""
    error: str = ""
    required: bool = False
    typed: bool = False
    hidden: bool = False
    blank: bool = False
    said: str = ""
    values: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    filled: bool = False
    groups: tuple[tuple[Field, ...], ...] = ()

    @property
    def id(self) -> str:
        """The id of its control in the page."""
        return f"field-{self.name.replace('.', '-')}"

    @property
    def value(self) -> str:
        """Its one value."""
        return self.values[0] if self.values else ""

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Its values that are none of its choices: what was chosen before is not lost when the choices change."""
        listed = {it.value for it in self.choices}
        return tuple(it for it in self.values if it and it not in listed)

    @property
    def open(self) -> bool:
        """Whether it is not to be folded away: something in it was wrong, or it was filled in."""
        return bool(self.error or self.filled) or any(it.open for group in self.groups for it in group)

    @property
    def few(self) -> bool:
        """Whether its choices are few enough to be seen at once."""
        return len(self.choices) <= FEW


@dataclass(frozen=True)
class Form:
    """A command as a form. `values` are those that came, `problem` what the service said of them, as it answers it.

    `would` is what a dry run of it came to. `key` is the name of this very act, so that what is sent twice is done
    once.
    """

    command: str
    title: str
    about: str
    submit: str
    action: str
    csrf: str
    fields: tuple[Field, ...]
    earlier: tuple[Field, ...]
    values: Values
    problem: Mapping[str, Any] | None
    would: Mapping[str, Any] | None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))

    @classmethod
    def of(
        cls, command: type[Command[Any]], answers: Answers, where: Where, *, given: Mapping[str, str] | None = None,
        sent: Values | None = None, problem: Mapping[str, Any] | None = None, would: Mapping[str, Any] | None = None,
    ) -> Form:  # fmt: skip
        """Return the form of a command. `given` is what the page fills in, `answers` what it has read of the case."""
        making = _Making(command, answers, where, given or {}, sent, problem)
        keys = {"key": sent["key"][0]} if sent and sent.get("key") else {}
        name = where.text(title(command))
        return cls(
            command.slug(), name, where.text(about(command)), name, where.action, where.csrf,
            tuple(making.fields()), tuple(making.earlier()), sent or {}, problem, would, **keys,
        )  # fmt: skip

    @property
    def first(self) -> tuple[Field, ...]:
        """The fields that are seen at once: those to be typed, and the others where they are few."""
        others = [it for it in self._seen if not _comes_first(it)]
        folded = others if len(others) > 2 or any(it.groups for it in others) else []  # noqa: PLR2004
        return tuple(it for it in self._seen if it not in folded)

    @property
    def more(self) -> tuple[Field, ...]:
        """The fields that are folded away: what is known without them."""
        return tuple(it for it in self._seen if it not in self.first)

    @property
    def hidden(self) -> tuple[Field, ...]:
        """The fields that the page fills in."""
        return tuple(it for it in self.fields if it.hidden)

    @property
    def wrong(self) -> tuple[Field, ...]:
        """The fields in which something was wrong, for the summary at the top."""
        return tuple(it for it in _leaves((*self.fields, *self.earlier)) if it.error)

    @property
    def _seen(self) -> tuple[Field, ...]:
        return tuple(it for it in self.fields if not it.hidden)


def _comes_first(it: Field) -> bool:
    return it.typed or it.name in _IN_PLACE or bool(it.error)


def _leaves(found: tuple[Field, ...]) -> Iterator[Field]:
    for it in found:
        yield it
        for group in it.groups:
            yield from _leaves(group)


@dataclass(frozen=True)
class _Making:
    """A form in the making."""

    command: type[Command[Any]]
    answers: Answers
    where: Where
    given: Mapping[str, str]
    sent: Values | None
    problem: Mapping[str, Any] | None

    def fields(self) -> Iterator[Field]:
        typed = least(self.command)
        for it in asked(self.command):
            if it.kind == "groups" and self.where.role != Role.MANAGER:
                continue  # rules are set aside by managers alone
            found = self.field(it, it.name, typed=it.name in typed)
            if it.required or it.kind not in _OF_THE_CASE or found.choices or found.values:
                yield found

    def earlier(self) -> Iterator[Field]:
        """Yield what an act may say of itself: staff write down what happened before, or elsewhere."""
        if self.where.role in STAFF:
            for it in OF_THE_ACT:
                label, helping = OF_THE_ACT_TOLD[it.name]
                values = self._values(it, it.name)
                yield Field(
                    it.name, it.kind, self.where.text(label), self.where.text(helping), self._error(it, it.name),
                    blank=True, values=values, filled=any(values),
                )  # fmt: skip

    def field(self, it: Asked, name: str, *, typed: bool = False) -> Field:
        offered, values = self._choices(it), self._values(it, name)
        only = offered[0] if it.required and it.name in _ONE_AT_A_TIME and len(offered) == 1 else None
        known = only or next((one for one in offered if one.value == self.given.get(name)), None)
        hidden = name in self.given or only is not None
        return Field(
            name=name,
            kind=it.kind,
            label=_sentence(self.where.text(it.label, it.told(self.where.into))),
            help=self.where.text(HELP.get(it.name, "")),
            error=self._error(it, name),
            required=it.required,
            typed=typed and not hidden,
            hidden=hidden,
            blank=not it.required and it.default in {None, "", ()} and name not in _IN_PLACE,
            said=known.label if known else self.given.get(name, "") if it.kind == "holder" else "",
            values=(only.value,) if only and not values else values,
            choices=offered,
            filled=[text for text in values if text] != [*_typed(it.default)],
            groups=tuple(self._groups(it, name)),
        )

    def _groups(self, it: Asked, name: str) -> Iterator[tuple[Field, ...]]:
        if it.kind == "group":
            yield tuple(self.field(part, f"{name}.{part.name}") for part in it.parts)
        elif it.kind == "groups":
            for number in range(max(1, how_many(name, self.sent or {}), 1 + self._overriding)):
                yield tuple(self.field(part, f"{name}.{number}.{part.name}") for part in it.parts)

    def _choices(self, it: Asked) -> tuple[Choice, ...]:
        into = self.where.into
        match it.kind:
            case "one" | "many":
                return tuple(
                    Choice(one.value, _sentence(self.where.text(english.label, one.label)))
                    for one, english in zip(
                        choices.values(it.name, it.values, into), choices.values(it.name, it.values, "en"), strict=True
                    )
                )
            case "yes_or_no":
                return tuple(Choice(value, self.where.text(said)) for value, said in _YES_NO)
        return choices.offered(it, self.command, self.answers, into)

    def _values(self, it: Asked, name: str) -> tuple[str, ...]:
        if name in self.given:
            return (self.given[name],)
        if name == f"override.{self._overriding}.rule":
            return (str(overridable(self.problem)),)
        if self.sent is not None and self._came(name):
            return tuple(self.sent.get(name, ()))
        return _typed(it.default)

    def _came(self, name: str) -> bool:
        """Say whether the form that came had this field: what is not ticked does not come, and a new group has not."""
        group, _, _ = name.rpartition(".")
        return not group or any(it.startswith(f"{group}.") for it in self.sent or {})

    @cached_property
    def _overriding(self) -> int:
        """The number of the group in which the rule that stands in the way can be set aside, -1 where none can be."""
        rule, sent = overridable(self.problem), self.sent or {}
        said = [next(iter(sent.get(f"override.{it}.rule", ())), "") for it in range(how_many("override", sent))]
        if rule is None or str(rule) in said:
            return -1
        return said.index("") if "" in said else len(said)

    def _error(self, it: Asked, name: str) -> str:
        found = errors(self.problem, self.where.into) if self.problem else {}
        inside = (text for path, text in found.items() if path.startswith(f"{name}.") and not it.parts)
        return found.get(name) or next(inside, "")


_IN_PLACE = frozenset(filter(None, map(alternative, ["client_view"])))
_OF_THE_CASE = frozenset({"thing", "things", "entry", "entries"})
"""What is left out where the case has nothing to choose, and it may stay open."""
_ONE_AT_A_TIME = frozenset({"handoff", "transfer"})
"""What there is one of at most, so that nobody has to choose it."""


def _typed(value: Any) -> tuple[str, ...]:
    """Return a default as a form has it."""
    if value is None or value is False or value == "":
        return ()
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return ("true",) if value is True else (str(value),)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def needed(command: type[Command[Any]]) -> frozenset[str]:
    """Return what of a case has to be read for a command's form: "voice", "history", "holders" and so on."""
    return frozenset(it for one in asked(command) for it in _needs(one, command))


def _needs(it: Asked, command: type[Command[Any]]) -> Iterator[str]:
    match it.kind:
        case "thing" | "things":
            yield choices.needed(it.name, command.__name__)
        case "entry" | "entries" | "person":
            yield "history"
        case "holder" | "holders" | "organisations":
            yield "holders"
        case "groups":
            yield "rules"


def msgids() -> Iterator[str]:
    """Yield every text of the forms of all commands that a catalogue translates; some come more than once."""
    for command in shown():
        yield title(command)
        yield from filter(None, [about(command)])
        yield from texts(asked(command))
    yield from (text for both in OF_THE_ACT_TOLD.values() for text in both if text)
    yield from (*TEXTS, *(said for _, said in _YES_NO))
