"""The catalogue of lies: `python -m tests.verifier.lies` makes each anew, one file each in this directory.

Every lie is told as well as it can be: with a manifest of its own, and recomputed as far as a liar without the signing
key can, or with it where the lie is the region's own.
"""
