"""Makes all lies anew, the table of them, and what is said of each and printed of honest bundles."""

from tests.verifier import printed
from tests.verifier.lies import said, table
from tests.verifier.lies.all import LIES
from tests.verifier.lies.catalogue import HERE

for old in HERE.glob("*.zip"):
    old.unlink()
for it in LIES.values():
    it.path.write_bytes(it.make())
table.write()
said.write()
printed.write()
