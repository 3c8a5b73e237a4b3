"""Finds SQL that is built from input: whatever reaches the database has to be text of our own.

Text of our own is a literal, a constant of a module, which is made before anything comes in, what a read table is
called, and what is put together of nothing else. A name from elsewhere goes through `sql.Identifier`, and a value
beside the statement, as its parameter. A page makes no statement at all: it asks as anybody else does.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("domain", "projections", "api")

SINKS = frozenset({"execute", "executemany", "copy", "stream", "SQL"})
"""What takes a statement, first of all."""

NO_SINKS = ("cases.execute", "state.execute", "kind.stream")
"""What is called alike and takes none."""

QUOTING = frozenset({"Identifier", "Literal", "Placeholder", "SQL"})
"""What quotes what it is given, or is a sink itself."""

KEEPING = frozenset({"encode", "format", "replace", "join", "items", "values"})
"""Methods that make text of our own of an object and of arguments that are."""

TABLES = frozenset(
    f"table.{it}" for it in ("table", "stream", "create", "create_indexes", "columns", "on_conflict", "wall", "policy")
)
"""What a read table tells of itself, made of a row type's fields."""

BUILDERS: Mapping[str, frozenset[str]] = {
    "names": frozenset(),
    "quoted": frozenset({"name"}),
    "records": frozenset(),
    "offers": frozenset(),
    "is_open": frozenset(),
    "statement": frozenset({"part", "pieces", "number"}),
    "_quoted": frozenset({"name"}),
    "_strays": frozenset(),
    "_upsert": frozenset(),
    "_statement": frozenset({"section"}),
    "_sections": frozenset(),
    "_migrations": frozenset({"file"}),
    "conditions": frozenset({"column", "part"}),
}
"""Functions that build statements, each with what else it may put into one. What they build is looked at in them."""

OF_TABLES = "domain/ledger/readtable.py"
"""Where the statements of read tables are made, of the names and types of a row type's fields."""

OF_PAGES = "api/pages/"
"""Where no statement is made, and what is called as a builder is called builds none."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.GeneratorExp | ast.ListComp | ast.DictComp
Within = Function | Comprehension
"""In what names are bound."""


@dataclass(frozen=True)
class Fault:
    """A statement that holds something else than text of our own, or that is none of a page's, and where."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: no statement may be made of this: {self.what}"


class Module:
    """A file of ours, and what its names stand for."""

    def __init__(self, file: str, source: str) -> None:
        self.file = file
        self.tree = ast.parse(source)
        self._asked: set[tuple[str, int]] = set()
        self.functions = [it for it in ast.walk(self.tree) if isinstance(it, Function)]

    @cached_property
    def constants(self) -> frozenset[str]:
        """The names that are bound when the module is imported: its constants, and others' that it imports."""
        bound = {it.id for part in self.tree.body if isinstance(part, ast.Assign | ast.AnnAssign)
                 for it in ast.walk(part) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store)}  # fmt: skip
        imported = (it for part in ast.walk(self.tree) if isinstance(part, ast.ImportFrom) for it in part.names)
        return frozenset(bound | {name for it in imported if (name := it.asname or it.name).isupper()})

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong: what reaches a sink, and what builders build, that is not of our own; in a page any."""
        sinks = [it for it in ast.walk(self.tree) if isinstance(it, ast.Call) and _is_sink(it)]
        if self.file.startswith(OF_PAGES):
            yield from (Fault(self.file, it.lineno, ast.unparse(it)) for it in sinks)
            return
        for call in sinks:
            if given := [*call.args, *(it.value for it in call.keywords)]:
                yield from self._looked_at(given[0], self._around(call))
        for function in self.functions:
            if function.name in BUILDERS and self.file != OF_TABLES:
                for part in _built(function):
                    yield from self._looked_at(part, self._around(part))

    def _looked_at(self, node: ast.expr, within: list[Within]) -> Iterator[Fault]:
        if not self.is_ours(node, within):
            yield Fault(self.file, node.lineno, ast.unparse(node))

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {part: it for it in ast.walk(self.tree) for part in ast.iter_child_nodes(it)}

    def _around(self, node: ast.AST) -> list[Within]:
        """Return in what something stands where names are bound, the innermost first."""
        around: list[Within] = []
        while node in self._parents:
            node = self._parents[node]
            if isinstance(node, Within):
                around.append(node)
        return around

    def is_ours(self, node: ast.AST, within: list[Within]) -> bool:
        """Say whether an expression can be nothing but text of our own."""
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return self._is_name_ours(name, within)
            case ast.Attribute():
                return self._is_attribute_ours(node, within)
            case ast.Call(func=function):
                return self._is_call_ours(node, function, within)
        inside: list[Within] = [node, *within] if isinstance(node, Comprehension) else within
        pieces = _pieces(node)
        return pieces is not None and all(self.is_ours(it, inside) for it in pieces)

    def _is_attribute_ours(self, node: ast.Attribute, within: list[Within]) -> bool:
        """Say it of what a table tells of itself, of what builders build, of a part of a constant, of what is kept."""
        of_a_table = ".".join(ast.unparse(node).split(".")[-2:]) in TABLES
        return of_a_table or node.attr in BUILDERS or self._is_constant(node.value, within) or self._is_kept_ours(node)

    def _is_constant(self, node: ast.AST, within: list[Within]) -> bool:
        """Say whether it is a part of a constant, such as `HANDOFFS.table`."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.constants and not _bindings(node.id, within)

    def _is_kept_ours(self, node: ast.Attribute) -> bool:
        """Say whether all that is ever put into an object's own attribute here is text of our own."""
        put = [it.value for it in ast.walk(self.tree) if isinstance(it, ast.Assign) for target in it.targets
               if isinstance(target, ast.Subscript) and ast.unparse(target.value) == ast.unparse(node)]  # fmt: skip
        return bool(put) and all(self.is_ours(it, self._around(it)) for it in put)

    def _is_call_ours(self, call: ast.Call, function: ast.expr, within: list[Within]) -> bool:
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in BUILDERS or (name in QUOTING and isinstance(function, ast.Attribute)):
            return True
        given = [*call.args, *(it.value for it in call.keywords)]
        if name in KEEPING and isinstance(function, ast.Attribute):
            return all(self.is_ours(it, within) for it in (function.value, *given))
        if name == "keys" and isinstance(function, ast.Attribute):
            return self._are_keys_ours(function.value, within)
        return name == "tuple" and all(self.is_ours(it, within) for it in given)

    def _are_keys_ours(self, node: ast.expr, within: list[Within]) -> bool:
        tables = _bindings(node.id, within) if isinstance(node, ast.Name) else [node]
        return bool(tables) and all(
            isinstance(it, ast.Dict) and all(key is not None and self.is_ours(key, within) for key in it.keys)
            for it in tables
        )

    def _is_name_ours(self, name: str, within: list[Within]) -> bool:
        """Say it of a name: of all that is bound to it here, or of what all callers give, or of the constant it is."""
        functions = [it for it in within if isinstance(it, Function)]
        if any(name in BUILDERS.get(it.name, ()) for it in functions):
            return True
        bound = _bindings(name, within)
        if bound:
            return self._are_bindings_ours((name, id(bound[0])), bound, within)
        given = next((it for it in functions if name in _parameters(it)), None)
        return name in self.constants if given is None else self._is_given_ours(given, name)

    def _are_bindings_ours(self, asked: tuple[str, int], bound: list[ast.expr], within: list[Within]) -> bool:
        """Say it of all that is bound to a name; what it is bound to may be made of what it was before."""
        if asked in self._asked:
            return True
        self._asked.add(asked)
        try:
            return all(self.is_ours(it, within) for it in bound)
        finally:
            self._asked.discard(asked)

    def _is_given_ours(self, function: Function, name: str) -> bool:
        """Say whether all calls of a function, which are all in its module, give it text of our own under this name."""
        place = _parameters(function).index(name)
        calls = [it for it in ast.walk(self.tree) if isinstance(it, ast.Call) and _named(it.func) == function.name]
        given = [_argument(it, name, place) for it in calls]
        return function.name.startswith("_") and bool(calls) and all(
            self.is_ours(it, self._around(it)) for it in given if it is not None
        )  # fmt: skip


def _argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    by_place = call.args[place] if place < len(call.args) else None
    return next((it.value for it in call.keywords if it.arg == name), by_place)


def _named(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _parameters(function: Function) -> list[str]:
    return [it.arg for it in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _is_sink(call: ast.Call) -> bool:
    named = ast.unparse(call.func)
    return isinstance(call.func, ast.Attribute) and call.func.attr in SINKS and not named.endswith(NO_SINKS)


def _pieces(node: ast.AST) -> list[ast.expr] | None:
    """Return what an expression is put together of, None where that does not tell what it comes to."""
    match node:
        case ast.Subscript(value=value) | ast.FormattedValue(value=value) | ast.Starred(value=value):
            return [value]
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            return [one, other]
        case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
            return parts
        case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part) | ast.DictComp(value=part):
            return [part]
    return None


def _built(function: Function) -> Iterator[ast.expr]:
    """Yield the texts that a function puts together."""
    for it in ast.walk(function):
        match it:
            case ast.JoinedStr() | ast.BinOp(op=ast.Mod()):
                yield it
            case ast.Call(func=ast.Attribute(attr="format" | "join")):
                yield it


def _bindings(name: str, within: list[Within]) -> list[ast.expr]:
    """Return all that is bound to a name in the innermost of these that binds it."""
    for it in within:
        found = [value for part in _parts_of(it) for value in _bound(part, name)]
        if found:
            return found
    return []


def _parts_of(node: Within) -> Iterator[ast.AST]:
    """Yield what may bind a name in a comprehension, or in a function and not in a comprehension of it."""
    if isinstance(node, Comprehension):
        yield from node.generators
    else:
        yield from (it for it in ast.walk(node) if not isinstance(it, ast.comprehension))


def _bound(node: ast.AST, name: str) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for it in targets:
                yield from _parts(it, value, name)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
            yield from _parts(target, value, name)
        case ast.For(target=target, iter=of) | ast.comprehension(target=target, iter=of):
            for it in _each(of):
                yield from _parts(target, it, name)
        case ast.NamedExpr(target=target, value=value):
            yield from _parts(target, value, name)
        case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
            yield from _parts(target, value, name)


def _each(of: ast.expr) -> list[ast.expr]:
    """Return what one gets that goes through something: of a tuple its parts, of items a key and a value."""
    match of:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return parts
        case ast.Call(func=ast.Attribute(value=value, attr="items")):
            keys = ast.Call(ast.Attribute(value, "keys"), [], [])
            return [ast.Tuple([keys, of])]
    return [of]


def _parts(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """Yield what a name gets of a value: of several to several names its own, else the whole."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _parts(one, its, name)
    elif name in _targets(target):
        yield value


def _targets(target: ast.expr) -> set[str]:
    """Return the names that are bound, and not those by which a place is found."""
    match target:
        case ast.Name(id=name):
            return {name}
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return {name for it in parts for name in _targets(it)}
        case ast.Starred(value=value):
            return _targets(value)
    return set()


def faults(root: Path = ROOT) -> list[Fault]:
    """Return what is wrong in all of our packages."""
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    modules = (Module(str(file.relative_to(root)), file.read_text("utf-8")) for file in files)
    return [it for module in modules for it in module.faults()]


if __name__ == "__main__":
    sys.exit("\n".join(map(str, faults())) or None)
