"""Files that are written whole or not at all, for their owner's eyes alone, and that outlast a power cut."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from domain.ledger.fault import Fault


class FileUnwritable(Fault):
    """A file could not be written, and what stood there before stands. Make room, or mend what it says; try again."""


def publish(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and never over one that is there."""
    with suppress(FileExistsError), _put(path, os.link) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write, which takes the place of the one that is there once it is written whole."""
    with _put(path, os.replace) as file:
        yield file


def shred(path: Path) -> None:
    """Overwrite a file with noise and remove it, for good as far as the file system lets."""
    with suppress(FileNotFoundError):
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    with suppress(FileNotFoundError):
        settle(path.parent)


def settle(directory: Path) -> None:
    """Make the names in a directory last through a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _put(path: Path, place: Callable[[Path, Path], None]) -> Iterator[BinaryIO]:
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as refused:
        raise FileUnwritable(path, refused.strerror) from refused
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        place(draft, path)
        settle(path.parent)
    except FileExistsError:
        raise
    except OSError as refused:
        raise FileUnwritable(path, refused.strerror) from refused
    finally:
        with suppress(OSError):  # it took its place, or what keeps it from going has been told
            draft.unlink()
            settle(path.parent)
