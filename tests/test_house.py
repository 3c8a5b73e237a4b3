"""The house: which part may know of which, what nothing is called, and what every reader finds."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import lock

ROOT = Path(__file__).resolve().parent.parent

# api.pages -> api -> projections -> domain.ledger -> domain -> nothing, and of api only what puts the service together
# knows its pages; the verifier stands beside: the command line calls it, the page that verifies a case does, and the
# audit checks by what it knows, and not by what wrote.
MAY_KNOW = {
    "domain": {"domain"},
    "domain.ledger": {"domain", "domain.ledger"},
    "domain.ledger.audit": {"domain", "domain.ledger", "verifier"},
    "projections": {"domain", "domain.ledger", "projections"},
    "api": {"domain", "domain.ledger", "projections", "api"},
    "api.app": {"domain", "domain.ledger", "projections", "api", "api.pages"},
    "api.service": {"domain", "domain.ledger", "projections", "api", "api.pages"},
    "api.cli": {"domain", "domain.ledger", "projections", "api", "verifier"},
    "api.pages": {"domain", "domain.ledger", "projections", "api", "api.pages"},
    "api.pages.verified": {"domain", "domain.ledger", "projections", "api", "api.pages", "verifier"},
    "verifier": {"verifier"},
}
STANDS_ON = {"domain": set[str](), "verifier": {"cryptography"}}
"""What is not of the standard library, for those to whom that is told."""
SHIPPED = ("domain", "projections", "api", "verifier")
WITHIN = ("domain.ledger", "api.pages")
"""What is a part of its own within another."""
OURS = {"domain", "projections", "api", "verifier", *WITHIN, "tests", "tools"}
NAMES_THAT_SAY_NOTHING = {"common", "helpers", "managers", "services", "utils"}


def part_of(module: str) -> str:
    return next((it for it in WITHIN if f"{module}.".startswith(f"{it}.")), module.partition(".")[0])


def importer(module: str) -> str:
    above = (module.rsplit(".", count)[0] if count else module for count in range(module.count(".") + 1))
    return next((it for it in above if it in MAY_KNOW), module)


def name_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def imports(source: str, package: str) -> Iterator[str]:
    """Every module that a source imports by name; with `from a import b`, also the b of it."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                above = package.rsplit(".", node.level - 1)[0] if node.level else None
                yield from (".".join(filter(None, [above, node.module, alias.name])) for alias in node.names)


def may_import(part: str, module: str) -> bool:
    known = part_of(module)
    if known in OURS:
        return known in MAY_KNOW[part]
    return part not in STANDS_ON or known in sys.stdlib_module_names | STANDS_ON[part]


def all_imports(root: Path) -> Iterator[tuple[str, str]]:
    """Every import under `root`: who imports, and what."""
    for path in sorted(path for top in SHIPPED for path in (root / top).rglob("*.py")):
        module = name_of(path.relative_to(root))
        package = module if path.stem == "__init__" else module.rpartition(".")[0]
        for imported in imports(path.read_text("utf-8"), package):
            yield module, imported


def breaches(root: Path) -> list[str]:
    """Every import under `root` that goes against the direction."""
    return [f"{it} imports {other}" for it, other in all_imports(root) if not may_import(importer(it), other)]


def names_that_say_nothing(root: Path) -> list[str]:
    paths = (path for top in (*SHIPPED, "tests", "tools") for path in (root / top).rglob("*"))
    ours = (path for path in paths if "node_modules" not in path.parts)
    return sorted(str(path.relative_to(root)) for path in ours if path.stem in NAMES_THAT_SAY_NOTHING)


def planted(root: Path, path: str, source: str = "") -> Path:
    (root / path).parent.mkdir(parents=True)
    (root / path).write_text(source, encoding="utf-8")
    return root


def test_every_import_keeps_the_direction() -> None:
    assert breaches(ROOT) == []


@pytest.mark.parametrize(
    ("path", "source", "breach"),
    [
        ("domain/case.py", "import api", "domain.case imports api"),
        ("domain/case.py", "import pydantic.main", "domain.case imports pydantic.main"),
        ("domain/case.py", "from domain import ledger", "domain.case imports domain.ledger"),
        ("domain/case.py", "from . import ledger", "domain.case imports domain.ledger"),
        ("domain/law/duty.py", "from ..ledger import read", "domain.law.duty imports domain.ledger.read"),
        ("domain/case.py", "from .ledger.store import Ledger", "domain.case imports domain.ledger.store.Ledger"),
        ("domain/__init__.py", "from .ledger import Ledger", "domain imports domain.ledger.Ledger"),
        ("domain/case.py", "def late():\n    import projections.owner", "domain.case imports projections.owner"),
        ("domain/ledger/store.py", "from api.app import app", "domain.ledger.store imports api.app.app"),
        ("domain/ledger/__init__.py", "from projections import owner", "domain.ledger imports projections.owner"),
        ("projections/owner.py", "if True:\n    import api.commands", "projections.owner imports api.commands"),
        ("api/app.py", "from tests.domain import given", "api.app imports tests.domain.given"),
        ("api/app.py", "from tools import lock", "api.app imports tools.lock"),
        ("api/app.py", "from verifier import check", "api.app imports verifier.check"),
        ("api/queries.py", "from api.pages import desk", "api.queries imports api.pages.desk"),
        ("api/queries.py", "from .pages.page import mount", "api.queries imports api.pages.page.mount"),
        ("api/pages/replay.py", "from verifier import check", "api.pages.replay imports verifier.check"),
        ("projections/owner.py", "from api.pages import own", "projections.owner imports api.pages.own"),
        ("domain/case.py", "import verifier.tree", "domain.case imports verifier.tree"),
        ("domain/ledger/notary.py", "import verifier.tree", "domain.ledger.notary imports verifier.tree"),
        ("verifier/tree.py", "from domain.ledger import merkle", "verifier.tree imports domain.ledger.merkle"),
        ("verifier/tree.py", "import msgspec", "verifier.tree imports msgspec"),
    ],
)
def test_an_import_against_the_direction_is_caught(tmp_path: Path, path: str, source: str, breach: str) -> None:
    assert breaches(planted(tmp_path, path, source)) == [breach]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("domain/case.py", "import abc, domain.voice\nfrom datetime import date\nfrom . import ledgers"),
        ("domain/ledger/store.py", "import psycopg\nfrom .. import case\nfrom . import codec"),
        ("projections/owner.py", "from domain.ledger import Recorded\nfrom domain.case import Case"),
        ("api/app.py", "import fastapi\nfrom projections import owner\nfrom domain.ledger.store import Ledger"),
        ("api/app.py", "from api.pages import desk, own"),
        ("api/pages/desk.py", "import jinja2\nfrom api.pages import case\nfrom api.lists import Wanted"),
        ("api/pages/verified.py", "from verifier.check import check\nfrom api.pages.page import Visit"),
        ("api/cli.py", "from verifier.__main__ import verified\nfrom api.house import House"),
        ("domain/ledger/audit/tree.py", "from verifier import tree\nfrom domain.ledger.fault import Fault"),
        ("verifier/note.py", "import hashlib\nfrom cryptography import x509\nfrom verifier import tree"),
    ],
)
def test_an_import_along_the_direction_is_not(tmp_path: Path, path: str, source: str) -> None:
    assert breaches(planted(tmp_path, path, source)) == []


def test_every_module_is_named_for_what_it_holds() -> None:
    assert names_that_say_nothing(ROOT) == []


@pytest.mark.parametrize("path", ["domain/utils.py", "api/services/case.py"])
def test_a_name_that_says_nothing_is_caught(tmp_path: Path, path: str) -> None:
    assert names_that_say_nothing(planted(tmp_path, path)) != []


def test_the_lock_names_no_address() -> None:
    assert lock.addresses(lock.LOCK.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index" + "-url packages.example",
        "--extra-index" + "-url=packages.example",
        "--find" + "-links wheels",
        "-i packages.example",
        "# from https://packages.example",
        "six @ file:///wheels/six.whl",
    ],
)
def test_an_address_in_the_lock_is_caught(line: str) -> None:
    assert lock.addresses(f"six==1.17.0 \\\n    --hash=sha256:00\n{line}\n") == [line]


def test_the_lock_was_made_from_what_the_project_asks_for() -> None:
    assert lock.recorded(lock.PROJECT.read_text("utf-8")) in lock.LOCK.read_text("utf-8").splitlines()


def test_asking_for_something_else_makes_the_lock_stale() -> None:
    project = lock.PROJECT.read_text("utf-8")
    assert lock.recorded(project.replace('"cryptography', '"six",\n    "cryptography')) != lock.recorded(project)
    assert lock.recorded(project.replace("line-length = 120", "line-length = 100")) == lock.recorded(project)


def test_the_changelog_has_a_place_for_what_is_coming() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_readme_says_how_to_begin(command: str) -> None:
    assert command in (ROOT / "README.md").read_text("utf-8")


def test_the_licence_is_whole() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert "‘Compatible Licences’ according to Article 5 EUPL are:" in licence
    assert licence.endswith("require the production of a new EUPL version.\n")
