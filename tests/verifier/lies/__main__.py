"""Makes all lies anew, and the table of them."""

from tests.verifier.lies import table
from tests.verifier.lies.all import LIES
from tests.verifier.lies.catalogue import HERE

for old in HERE.glob("*.zip"):
    old.unlink()
for it in LIES.values():
    it.path.write_bytes(it.make())
table.write()
