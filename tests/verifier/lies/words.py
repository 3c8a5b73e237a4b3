"""Lies about words, and about what the bundle says of them."""

from __future__ import annotations

from tests.verifier import forge
from tests.verifier.forge import (
    Bundle,
    b64,
)
from tests.verifier.lies.catalogue import changed, lie


@lie("claim-wrong words-without-event")
def words_claimed_to_be_none() -> bytes:
    def change(it: Bundle) -> None:
        it.events[1]["words"] = "none"

    return changed(change)


@lie("claim-wrong")
def words_claimed_where_there_are_none() -> bytes:
    def change(it: Bundle) -> None:
        it.events[6]["words"] = "destroyed"

    return changed(change)


@lie("claim-wrong")
def words_of_a_withheld_event_claimed_to_be_none() -> bytes:
    def change(it: Bundle) -> None:
        it.events[3]["words"] = "none"

    return changed(change)


@lie("claim-wrong")
def words_opened_that_were_not_asked_for() -> bytes:
    def change(it: Bundle) -> None:
        it.manifest["words"] = "1,2"

    return changed(change)


@lie("words-exchanged")
def words_exchanged() -> bytes:
    def change(it: Bundle) -> None:
        it.words[0]["ciphertext"], it.words[1]["ciphertext"] = it.words[1]["ciphertext"], it.words[0]["ciphertext"]

    return changed(change)


@lie("words-altered")
def words_altered() -> bytes:
    def change(it: Bundle) -> None:
        key = forge.entry_key(it.case, 1)
        it.words[0]["ciphertext"] = b64(forge.ciphertext(key, {"description": "Kaikki on hyvin."}))

    return changed(change)


@lie("key-opens-another")
def key_opens_another() -> bytes:
    def change(it: Bundle) -> None:
        it.words[0]["key"] = it.words[1]["key"]

    return changed(change)


@lie("words-not-opening")
def key_altered() -> bytes:
    def change(it: Bundle) -> None:
        key = forge.entry_key(it.case, 1)
        it.words[0]["key"] = b64(bytes([key[0] ^ 1]) + key[1:])

    return changed(change)


@lie("words-not-opening")
def words_that_may_open_in_two_ways() -> bytes:
    def change(it: Bundle) -> None:
        for line in it.words:
            line["key"] = b64(forge.entry_key(it.case, line["version"], salted=False))

    return changed(change, forge.told(committed=False))


@lie("words-missing")
def words_missing() -> bytes:
    return changed(lambda it: it.words.pop())


@lie("words-without-event")
def words_without_event() -> bytes:
    def change(it: Bundle) -> None:
        it.words.append(it.words[-1] | {"version": 7})

    return changed(change)
