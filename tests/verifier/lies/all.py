"""All lies, by their chapters."""

from tests.verifier.lies import checkpoints, events, files, heads, keys, times, words
from tests.verifier.lies.catalogue import LIES

CHAPTERS = (events, words, checkpoints, keys, times, heads, files)

__all__ = ["CHAPTERS", "LIES"]
