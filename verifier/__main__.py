"""`python -m verifier case.zip`: verify a bundle. Exit 0 whole, 1 broken, 2 unreadable."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from verifier.check import check
from verifier.findings import OptionMalformed
from verifier.report import Report, as_json, as_text


def verified(
    file: str, *, key: Sequence[str] = (), known_checkpoint: str | None = None, witness: Sequence[str] = (),
    authority: Sequence[str] = (), history: bool = False, json: bool = False,
) -> int:  # fmt: skip
    """Verify a bundle, print what came of it, and return the exit code. Keys are given as they are or as a file."""
    try:
        report = check(
            file, trusted=list(_vkeys("--key", key)), witnesses=list(_vkeys("--witness", witness)),
            known=None if known_checkpoint is None else _text("--known-checkpoint", known_checkpoint),
            authorities=[_bytes("--authority", it) for it in authority], history=history,
        )  # fmt: skip
    except OptionMalformed as malformed:
        report = Report([malformed])
    told: Callable[..., str] = as_json if json else as_text
    alphabet = sys.stdout.encoding or "utf-8"
    sys.stdout.write(told(report, history=history).encode(alphabet, "backslashreplace").decode(alphabet) + "\n")
    return report.exit


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m verifier", description=__doc__)
    parser.add_argument("file", metavar="case.zip", help="the bundle")
    for name, metavar, about in (
        ("--key", "VKEY|FILE", "a key of the region that you got in another way, or a file of such, one a line"),
        ("--witness", "VKEY|FILE", "a witness whose cosignature is asked for"),
        ("--authority", "PEM", "certificates of a time-stamp authority whose stamp is asked for"),
    ):
        parser.add_argument(name, metavar=metavar, help=about, action="append", default=[])
    parser.add_argument(
        "--known-checkpoint", metavar="FILE", help="a checkpoint of the log that you kept", action="append", default=[]
    )
    parser.add_argument("--history", action="store_true", help="print the proven history")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    asked = vars(parser.parse_args(arguments))
    known = asked.pop("known_checkpoint")
    if len(known) > 1:
        parser.error("a bundle is compared with one checkpoint")
    sys.exit(verified(**asked, known_checkpoint=next(iter(known), None)))


def _vkeys(option: str, given: Iterable[str]) -> Iterator[str]:
    for it in given:
        lines = [it] if "+" in it and not _is_file(it) else _text(option, it).splitlines()
        found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not found:
            raise OptionMalformed(option=option, why=f"there is no key in {it}")
        yield from found


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long for a name, or none
        return False


def _text(option: str, path: str) -> str:
    try:
        return _bytes(option, path).decode()
    except UnicodeDecodeError:
        raise OptionMalformed(option=option, why=f"{path} is not UTF-8") from None


def _bytes(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise OptionMalformed(option=option, why=f"{path}: {getattr(error, 'strerror', None) or error}") from None


if __name__ == "__main__":
    main()
