"""The audit: a whole region's ledger checked against its own proofs, from what the database holds and without its help.

It reads one snapshot while the service goes on, in parts that fit into memory, and trusts no column that can be
reckoned: what can't be is said.
"""
