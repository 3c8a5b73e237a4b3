"""A log that grows and has checkpoints, without events: what those outside the house are shown."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.ledger.anchors.anchor import Shown
from domain.ledger.database import Region
from domain.ledger.merkle import leaf_hash
from domain.ledger.notes import Checkpoint, Signer, signed
from domain.ledger.tiles import Tiles, grow


class Sealing:
    """Lets a log grow and signs its checkpoints."""

    def __init__(self, region: Region, log: str = "events") -> None:
        self.region = region
        self.log = log
        self.signer = Signer(f"luotsi/{region.name}/{log}/1", Ed25519PrivateKey.generate())

    def seal(self, count: int = 1, ago: timedelta = timedelta()) -> Shown:
        """Add so many entries and a checkpoint; return it as it is shown. It may have been made a while ago."""
        with self.region.connect() as connection:
            first = Tiles(connection, self.log).size
            entries = [hashlib.sha256(b"%d" % at).digest() for at in range(first, first + count)]
            grow(connection, self.log, [leaf_hash(it) for it in entries])
            tree = Tiles(connection, self.log)
            note = signed(Checkpoint(self.signer.name, tree.size, tree.root()).text, [self.signer])
            values = (self.log, 1, tree.size, tree.root(), note)
            connection.execute(
                "INSERT INTO checkpoints (log, epoch, size, root, note) VALUES (%s, %s, %s, %s, %s)", values
            )
        with self.region.connect(owner=True) as owner:
            (at,) = owner.execute(_MADE, (ago, self.log, tree.size)).fetchone() or (None,)
        assert at
        return Shown(self.log, 1, tree.size, at, note)


_SEALED = "INSERT INTO checkpoints (log, epoch, size, root, note) VALUES (%s, %s, %s, %s, %s)"
_MADE = "UPDATE checkpoints SET at = at - %s WHERE log = %s AND size = %s RETURNING at"
