"""Everything that the domain can be asked, can say no to, and can remember."""

import importlib
import inspect
import pkgutil
from typing import Any, TypeVar

import domain
from domain.decider import Absent, Command, Conflict, Event, Forbidden, Refusal, Unacceptable

T = TypeVar("T")

MODULES = [
    importlib.import_module(f"domain.{module.name}")
    for module in pkgutil.iter_modules(domain.__path__)
    if not module.ispkg
]


def every(kind: type[T]) -> list[type[T]]:
    """Return the concrete classes of this kind, by name."""
    found = {
        it
        for module in MODULES
        for it in vars(module).values()
        if inspect.isclass(it) and issubclass(it, kind) and it is not kind and it.__module__ == module.__name__
    }
    return sorted(found, key=lambda it: it.__name__)


EVENTS: list[type[Event[Any]]] = every(Event)
COMMANDS: list[type[Command[Any]]] = every(Command)  # type: ignore[type-abstract]
FAMILIES = (Forbidden, Absent, Conflict, Unacceptable)
REFUSALS: list[type[Refusal]] = [it for it in every(Refusal) if it not in FAMILIES]
