"""No SQL is made of what somebody sends: the rule holds in all of our code, and is seen to fail where it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.statements import BUILDERS, SINKS, Module, faults

IMPORTS = """
from psycopg import sql
from projections.handoffs import HANDOFFS
_BY = {"unit": "unit", "worker": "worker"}
_ALL = f"SELECT * FROM {HANDOFFS.table.table}"
"""

BROKEN = [
    "def read(c, name):\n    c.execute(f'SELECT * FROM cases WHERE name = {name}')",
    "def read(c, name):\n    c.execute('SELECT * FROM cases WHERE name = ' + name)",
    "def read(c, name):\n    c.execute('SELECT * FROM cases WHERE name = %s' % name)",
    "def read(c, name):\n    c.execute('SELECT * FROM cases WHERE name = {}'.format(name))",
    "def read(c, name):\n    c.execute('SELECT * FROM cases WHERE name = {it}'.format(it=name))",
    "def read(c, name):\n    c.execute(' '.join(['SELECT', name]))",
    "def read(c, name):\n    c.execute(_ALL.replace('*', name))",
    "def read(c, statement):\n    c.execute(statement)",
    "def read(c, statement):\n    c.cursor().executemany(statement.encode(), [])",
    "def read(c, name):\n    c.cursor().copy(f'COPY {name} FROM STDIN')",
    "def read(c, name):\n    list(c.cursor().stream(f'SELECT {name}'))",
    "def read(c, name):\n    c.execute(sql.SQL(name))",
    "def read(c, name):\n    c.execute(sql.SQL('SELECT {}').format(sql.SQL(name)))",
    "def read(c, name):\n    c.execute(sql.SQL('SELECT {}').format(name))",
    "def read(c, name):\n    text = _ALL\n    text += f' WHERE {name}'\n    c.execute(text)",
    "def read(c, name):\n    text = _ALL if name is None else name\n    c.execute(text)",
    "def read(c, name):\n    for text in (_ALL, name):\n        c.execute(text)",
    "def read(c, wanted):\n    text = ' AND '.join(f'{it} = 1' for it in wanted)\n    c.execute(text)",
    "def read(c, wanted):\n    for name, text in wanted.items():\n        c.execute(text, name)",
    "def read(c, request):\n    c.execute(request.query_params['q'])",
    "def read(c):\n    if (text := input()):\n        c.execute(text)",
    "def read(c, _ALL):\n    c.execute(_ALL)",
    "def read(c, name):\n    _BY = name\n    c.execute(_BY['unit'])",
    "def _do(c, text):\n    c.execute(text)\n\ndef read(c, name):\n    _do(c, name)",
    "def _do(c, text):\n    c.execute(text)\n\ndef read(c, name):\n    _do(c, text=name)",
    "class Reader:\n    def read(self, name):\n        self.kept[1] = name\n        self.c.execute(self.kept[1])",
    "def read(c, name):\n    c.execute(query=f'SELECT {name}')",
    "def read(c, name):\n    text = _ALL\n    text = text.replace('*', name)\n    c.execute(text)",
    "def offers(by):\n    return f'SELECT {by}'",
    "def names(columns):\n    return ', '.join(columns)",
    "def statement(parts):\n    return 'SELECT %s' % parts",
]  # fmt: skip

SOUND = [
    "def read(c):\n    text = _ALL\n    text = text.replace('*', 'name')\n    c.execute(text)",
    "def read(c, name):\n    c.execute('SELECT * FROM cases WHERE name = %s', (name,))",
    "def read(c, name):\n    c.execute(_ALL, {'name': name})",
    "def read(c, name):\n    c.execute(f'{_ALL} WHERE {_BY[name]} = 1'.encode())",
    "def read(c, table):\n    c.execute(f'DELETE FROM {table.table} WHERE {table.stream} = %s')",
    "def read(c, name):\n    c.execute(sql.SQL('GRANT {} TO me').format(sql.Identifier(name)))",
    "def read(c, name):\n    text = _ALL\n    text += '' if name is None else ' WHERE name = %s'\n"
    "    c.execute(text)",
    "def read(c, unit):\n    given = {'unit': unit}\n"
    "    text = ' AND '.join(f'{name} = %({name})s' for name, value in given.items() if value)\n"
    "    c.execute(text, given)",
    "def read(c, unit):\n    within = [it for it, value in (('unit', unit),) if value]\n"
    "    c.execute(''.join(f' AND {it} = %({it})s' for it in within))",
    "def _do(c, text):\n    c.execute(text)\n\ndef read(c):\n    _do(c, _ALL)",
    "def act(cases, command):\n    cases.execute(command)",
]  # fmt: skip


def test_no_statement_of_ours_is_built_from_input() -> None:
    assert not list(map(str, faults()))


@pytest.mark.parametrize("code", BROKEN)
def test_a_statement_that_is_built_from_input_is_found(code: str) -> None:
    (fault, *_) = Module("broken.py", IMPORTS + code).faults()
    assert str(fault).startswith("broken.py:")


@pytest.mark.parametrize("code", SOUND)
def test_a_statement_of_our_own_is_not(code: str) -> None:
    assert not list(Module("sound.py", IMPORTS + code).faults())


def test_a_page_makes_no_statement_not_even_of_text_of_our_own() -> None:
    (fault,) = Module("api/pages/broken.py", IMPORTS + "def read(c):\n    c.execute(_ALL)").faults()
    assert fault.what == "c.execute(_ALL)"
    assert not list(Module("api/pages/sound.py", "def offers(by):\n    return f'/cases?by={by}'").faults())


def test_what_is_found_tells_file_line_and_text(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "planted.py").write_text(f"\n\n{BROKEN[0]}", "utf-8")
    assert list(map(str, faults(tmp_path))) == [
        "api/planted.py:4: no statement may be made of this: f'SELECT * FROM cases WHERE name = {name}'"
    ]


def test_every_builder_is_there_and_every_sink_is_one_of_the_drivers() -> None:
    root = Path(__file__).parents[1]
    ours = "".join(it.read_text("utf-8") for of in ("domain", "projections") for it in (root / of).rglob("*.py"))
    assert [it for it in BUILDERS if f"def {it}(" not in ours] == []
    assert {"execute", "executemany", "copy", "stream", "SQL"} == SINKS
