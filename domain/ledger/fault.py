"""What goes wrong in the ledger says what it is and what to do about it, wherever it is printed."""

from __future__ import annotations


class Fault(Exception):
    """The ledger can't do what it was asked. The docstring is what is read; the arguments are the facts."""

    def __str__(self) -> str:
        """Return the docstring on one line, with the facts."""
        return ": ".join([" ".join((type(self).__doc__ or "").split()), *map(str, self.args)])
