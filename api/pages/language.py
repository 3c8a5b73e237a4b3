"""In which language a page speaks, and how it says times and days: in Finnish, Swedish or English, and in Finland."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from markupsafe import Markup
from starlette.requests import Request

from api.reading_words import language
from api.sessions import cookie
from domain.calendar import HELSINKI
from domain.rules import RULE_LANGUAGES, RuleLanguage

COOKIE = "luotsi-language"
"""What a browser keeps of the language that was chosen in it. It is no secret and says nothing of anybody."""

NAMES: Mapping[RuleLanguage, str] = {"fi": "Suomi", "sv": "Svenska", "en": "English"}

_DATES = {"fi": "ccc d.M.y", "sv": "ccc d.M.y", "en": "ccc d MMM y"}
_TIMES = {"fi": "ccc d.M.y 'klo' H.mm", "sv": "ccc d.M.y 'kl.' H.mm", "en": "ccc d MMM y 'at' H:mm"}


def language_of(request: Request, chosen: Callable[[], str | None]) -> RuleLanguage:
    """Return the language for whoever asks: as this browser says, or the one they are served in, or it prefers."""
    kept = cookie(request, COOKIE)
    said = kept if kept in RULE_LANGUAGES else chosen()
    if said in RULE_LANGUAGES:
        return said
    return language(request.headers.get("accept-language"))


@cache
def translations(into: RuleLanguage) -> Translations:
    """Return every text of the pages in a language: the catalogues are read as they are written, once a process."""
    whole = Translations()
    for path in sorted(files("api.pages").joinpath("texts").iterdir(), key=lambda it: it.name):
        if path.name.endswith(f".{into}.po"):
            compiled = BytesIO()
            with path.open("rb") as written:
                write_mo(compiled, read_po(written, into))
            compiled.seek(0)
            whole.merge(Translations(compiled))
    return whole


def time_told(moment: datetime | str, into: RuleLanguage) -> Markup:
    """Return a time as it is in Finland, to the minute, in markup that programs can read too."""
    return _minute(_moment(moment).astimezone(HELSINKI).isoformat(timespec="minutes"), into)


def day_told(moment: datetime | str, into: RuleLanguage) -> Markup:
    """Return the day that it is in Finland at a time."""
    at = _moment(moment).astimezone(HELSINKI).date()
    return date_told(at, into)


def deadline_told(moment: datetime | str, into: RuleLanguage) -> Markup:
    """Return a deadline as people say it: one that ends with a day by that day."""
    at = _moment(moment).astimezone(HELSINKI)
    return date_told(at.date() - timedelta(days=1), into) if at.time() == time() else time_told(at, into)


def date_told(day: date | str, into: RuleLanguage) -> Markup:
    """Return a day."""
    return _date(day if isinstance(day, str) else day.isoformat(), into)


@lru_cache(4096)  # most of what a page of many rows costs is to say their times
def _minute(at: str, into: RuleLanguage) -> Markup:
    return _markup(at, format_datetime(datetime.fromisoformat(at), _TIMES[into], HELSINKI, into))


@lru_cache(4096)
def _date(on: str, into: RuleLanguage) -> Markup:
    day = date.fromisoformat(on)
    return _markup(day.isoformat(), format_date(day, _DATES[into], into))


def _moment(moment: datetime | str) -> datetime:
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def _markup(machine: str, people: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, people)


def gettext(into: RuleLanguage, text: str, **facts: Any) -> str:
    """Return a text in a language, with its facts."""
    said = str(translations(into).ugettext(text))
    return said % facts if facts else said


def to_client(into: RuleLanguage, text: str) -> str:
    """Return a text in the words that are meant for the client's side, where there are such."""
    said = str(translations(into).upgettext("client", text))
    return gettext(into, text) if said == text else said
