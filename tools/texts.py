"""The catalogues of the pages' texts: what has to be translated, found where it is said, and the files kept up to it.

`python -m tools.texts` puts new texts into the catalogues of their places, keeps what stands there, and says what is
missing, in doubt or no longer said. `python -m tools.texts tidy` drops what is no longer said.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

import api.app  # noqa: F401  # with it comes whatever raises a problem
from api import problems
from api.pages import choices, fields, forms
from api.value_words import FIELDS
from domain.decider import CLIENT_SIDE
from domain.rules import RuleLanguage

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "api" / "pages"
TEXTS = PAGES / "texts"

LANGUAGES = ("fi", "sv")
"""What every text is translated into: it is written in English."""

ENGLISH: RuleLanguage = "en"
"""A catalogue of English has only what reads otherwise at a page than in the API's documentation."""

PLACES: Mapping[str, str] = {
    "desk": "desk", "case": "desk", "due": "desk", "opening": "desk",
    "manager": "manager", "own": "own", "slip": "slip",
    "audit": "audit", "replay": "audit", "flows": "audit", "search": "audit", "drawing": "audit",
    "form": "commands", "forms": "commands", "filled": "commands", "act": "commands", "checked": "commands",
}  # fmt: skip
"""The catalogue of a folder, or of a module or a template up to its first underscore. Any other is `shared`."""

_WIDTH = 118
_TOLD = {"N_": 0, "text": 0, "gettext": 1}
"""What takes a text in a module, and as which of its arguments."""

_JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
_HEADER = r"""msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""

Text = tuple[str | None, str | tuple[str, ...]]
"""What is said: to whom, where that makes a difference, and the words in English; one and several where it counts."""


def said() -> Iterator[tuple[str, Text]]:
    """Yield every text that has to be translated, with its place; some come more than once."""
    yield from _in_files()
    yield from (("refusals", (None, text)) for text in of_refusals())
    yield from (("commands", (None, text)) for text in forms.msgids())
    yield from (("commands", ("client", text)) for text in to_clients())


def of_refusals() -> Iterator[str]:
    """Yield what every kind of problem says: its name, what it means and what to do; and what its facts are called."""
    for kind in problems.kinds().values():
        yield from (problems.described(kind)[it] for it in ("title", "detail"))
    yield from (fields.called(it) for it in sorted(facts() - FIELDS.keys() - fields.LABELS.keys()))


def facts() -> set[str]:
    """Return the names of the facts that problems are raised with."""
    names = {it.__name__ for it in problems.kinds().values()}
    found = set[str]()
    for path in (*ROOT.glob("domain/**/*.py"), *ROOT.glob("api/**/*.py")):
        for it in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(it, ast.Call) and isinstance(it.func, ast.Name) and it.func.id in names:
                found |= {keyword.arg for keyword in it.keywords if keyword.arg}
    return found - {"errors", "more_headers"}


def to_clients() -> Iterator[str]:
    """Yield the names of the commands that a client gives: they are told what they do in words of their own."""
    return (fields.title(it) for it in fields.shown() if it.roles & CLIENT_SIDE)


def may_be_to_clients() -> Iterator[str]:
    """Yield all that those commands' forms and the problems say, which may be said to clients in other words too."""
    yield from of_refusals()
    for command in (it for it in fields.shown() if it.roles & CLIENT_SIDE):
        yield from (fields.title(command), fields.about(command))
        for it in fields.asked(command):
            yield from (it.label, fields.HELP.get(it.name, ""))
            yield from (value.label for value in choices.values(it.name, it.values, ENGLISH))


def _in_files() -> Iterator[tuple[str, Text]]:
    for path in sorted(PAGES.rglob("*")):
        if path.suffix in _METHODS:
            place = place_of(path.relative_to(PAGES))
            yield from ((place, text) for text in in_file(path))


def place_of(path: Path) -> str:
    """Return the catalogue of a file, by its path within the pages: that of its folder or its module."""
    folders = [it for it in path.parts[:-1] if it != "templates"]
    name = (folders[0] if folders else path.stem).partition("_")[0]
    return PLACES.get(name, "shared")


def in_file(path: Path) -> Iterator[Text]:
    """Yield the texts of a module or a template."""
    yield from _METHODS[path.suffix](path)


def _in_module(path: Path) -> Iterator[Text]:
    for it in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(it, ast.Call):
            name = getattr(it.func, "id", None) or getattr(it.func, "attr", "")
            match it.args[_TOLD[name] :] if name in _TOLD else ():
                case [ast.Constant(value=str(text)), *_]:
                    yield None, text


def _in_template(path: Path) -> Iterator[Text]:
    with path.open("rb") as written:
        for _, message, _, context in extract("jinja2.ext:babel_extract", written, options=_JINJA):
            yield context, message


_METHODS: Mapping[str, Callable[[Path], Iterator[Text]]] = {".py": _in_module, ".html": _in_template}


def catalogues(language: str, texts: Path = TEXTS) -> dict[str, Catalog]:
    """Return the catalogues of a language, by their places."""
    return {it.name.split(".")[0]: read(it, language) for it in sorted(texts.glob(f"*.{language}.po"))}


def read(path: Path, language: str) -> Catalog:
    """Return a catalogue as it is written."""
    with path.open("rb") as written:
        return read_po(written, language, abort_invalid=True)


def written(catalog: Catalog) -> str:
    """Return a catalogue as it is written down: without the name of anybody, any machine or any day."""
    body = BytesIO()
    write_po(body, catalog, _WIDTH, no_location=True, omit_header=True, ignore_obsolete=True)
    return (_HEADER.format(language=catalog.locale) + body.getvalue().decode("utf-8")).rstrip("\n") + "\n"


def keys(catalog: Catalog) -> dict[Text, Message]:
    """Return the messages of a catalogue by what is said."""
    return {(it.context, tuple(it.id) if isinstance(it.id, list) else it.id): it for it in catalog if it.id}


def strings(message: Message) -> tuple[str, ...]:
    """Return a translation: one text, or one for one and one for several."""
    found = message.string
    return tuple(found) if isinstance(found, (tuple, list)) else (found or "",)


def wanted() -> dict[Text, str]:
    """Return every text that has to be translated, with its place: `shared` where several places say it."""
    found: dict[Text, str] = {}
    for place, text in said():
        found[text] = place if found.get(text, place) in {place, "shared"} else "shared"
    return found


def kept_up(found: Mapping[str, Catalog], everything: Mapping[Text, str], language: str) -> dict[str, Catalog]:
    """Return the catalogues of a language with a place for each new text, and each text once: what stands stays."""
    made: dict[str, Catalog] = {}
    stand = set[Text]()
    for place in sorted(found, key=lambda it: it != "shared"):
        made[place] = without(found[place], stand)
        stand |= keys(made[place]).keys()
    for text, place in everything.items():
        if text not in stand and language != ENGLISH:
            made.setdefault(place, Catalog(language, fuzzy=False)).add(text[1], context=text[0])
    return made


def without(catalog: Catalog, gone: Collection[Text]) -> Catalog:
    """Return a catalogue without some of its texts."""
    made = Catalog(catalog.locale, fuzzy=False)
    for text, it in keys(catalog).items():
        if text not in gone:
            made.add(it.id, it.string, flags=it.flags, user_comments=it.user_comments, context=it.context)
    return made


def spare(catalog: Catalog, everything: Mapping[Text, str]) -> set[Text]:
    """Return the texts of a catalogue that nobody says any more."""
    allowed = everything.keys() | {("client", text) for text in may_be_to_clients()}
    return keys(catalog).keys() - allowed


def is_missing(message: Message) -> bool:
    """Say whether a text has no translation, or one that is in doubt."""
    return message.fuzzy or not all(it.strip() for it in strings(message))


def main(tidy: bool) -> None:
    """Write the catalogues as they should be, and say what is left to be done by people."""
    everything = wanted()
    for language in (*LANGUAGES, ENGLISH):
        for place, catalog in kept_up(catalogues(language), everything, language).items():
            left = spare(catalog, everything)
            kept = without(catalog, left) if tidy else catalog
            (TEXTS / f"{place}.{language}.po").write_text(written(kept), encoding="utf-8")
            missing = [text for text, it in keys(kept).items() if is_missing(it)]
            for state, texts in (("missing or in doubt", missing), ("no longer said", [] if tidy else left)):
                for text in texts:
                    print(f"{place}.{language}.po: {state}: {text[1]!r}")


if __name__ == "__main__":
    main("tidy" in sys.argv[1:])
