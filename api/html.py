"""HTML, made so that no text can become markup: everything that is not `Html` already is escaped on its way in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NewType

Html = NewType("Html", str)
"""Markup that is safe to send."""

_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def text(value: str) -> Html:
    """Return a text as markup; what is no character of a text shows as such."""
    return Html(escape(_NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value)))


def el(name: str, *parts: Html, **attributes: str) -> Html:
    """Return an element. An underscore stands for the hyphen of an attribute, or at its end for none."""
    named = "".join(f' {it.rstrip("_").replace("_", "-")}="{text(value)}"' for it, value in attributes.items())
    return Html(f"<{name}{named}>{''.join(parts)}</{name}>")


def joined(*parts: Html) -> Html:
    """Return markup one after the other."""
    return Html("".join(parts))


def table(caption: str, headings: Sequence[str], rows: Iterable[Html], nothing: str) -> Iterator[Html]:
    """Yield a table row by row, or what to say where there are none."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        yield el("p", text(nothing))
        return
    yield Html("<table>")
    yield el("caption", text(caption))
    yield el("thead", el("tr", *(el("th", text(it), scope="col") for it in headings)))
    yield Html("<tbody>")
    yield first
    yield from rows
    yield Html("</tbody></table>")


def page(language: str, title: str, body: Iterable[Html]) -> Iterator[Html]:
    """Yield a page that asks for nothing else and runs nothing."""
    yield Html(f'<!DOCTYPE html>\n<html lang="{text(language)}">\n<head>\n<meta charset="utf-8">\n')
    yield Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n')
    yield Html('<meta name="viewport" content="width=device-width, initial-scale=1">\n')
    yield joined(el("title", text(title)), Html(f"\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"))
    for part in body:
        yield Html(f"{part}\n")
    yield Html("</main>\n</body>\n</html>\n")


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; }
a { color: #003b8e; }
.caution { border: 2px solid #8a4b00; padding: .75rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1rem; }
caption { text-align: left; font-weight: bold; padding: .25rem 0; }
th, td { border: 1px solid #595959; padding: .35rem .5rem; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
thead th { background: #eee; }
dt { font-weight: bold; }
dd { margin: 0 0 .35rem; }
td ul { margin: .25rem 0 0; padding-left: 1.1rem; }
.said { margin: 0 0 .35rem; white-space: pre-wrap; }
pre { background: #eee; padding: .5rem; overflow-x: auto; }
@media print {
  body { max-width: none; padding: 0; font-size: 9pt; }
  nav { display: none; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""
