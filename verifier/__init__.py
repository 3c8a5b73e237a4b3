"""Verifies a bundle of a case's history offline, standing on the standard library and `cryptography` alone.

It shares no code with what writes them, so that a fault there can't hide here. The format: `docs/integrity.md`.
"""

from verifier.check import check
from verifier.report import Report

__all__ = ["Report", "check"]
