"""Lies about when the log was as it is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.verifier.forge import (
    AUTHORITY,
    STAMPED,
    STAMPED_AT,
    WITNESS,
    WITNESS_NAME,
    Bundle,
    b64,
    bundle,
    told,
)
from tests.verifier.lies.catalogue import changed, lie
from tests.verifier.stamping import Authority


def stamped(authority: Authority = AUTHORITY, time: datetime = STAMPED_AT, **how: Any) -> Bundle:
    """Make a bundle whose stamp is by this authority."""
    made = bundle()
    text = told().checkpoint(STAMPED).partition("\n\n")[0] + "\n"
    made.stamps = [{"size": STAMPED, "token": b64(authority.token(text, time, **how))}]
    return made


@lie("stamp-of-something-else")
def stamp_of_another_checkpoint() -> bytes:
    def change(it: Bundle) -> None:
        it.stamps[0]["size"] = 8

    return changed(change)


@lie("stamp-forged")
def stamp_with_another_time() -> bytes:
    made = bundle()
    token = base64.b64decode(made.stamps[0]["token"])
    assert b"20260302173000Z" in token
    made.stamps[0]["token"] = b64(token.replace(b"20260302173000Z", b"20260302163000Z"))
    return made.pack()


@lie("stamp-forged")
def stamp_signature_altered() -> bytes:
    made = bundle()
    token = base64.b64decode(made.stamps[0]["token"])
    made.stamps[0]["token"] = b64(token[:-1] + bytes([token[-1] ^ 1]))
    return made.pack()


@lie("stamp-forged")
def stamp_with_another_certificate() -> bytes:
    return stamped(binds=b"another certificate").pack()


@lie("stamp-unfit")
def stamp_by_a_certificate_for_something_else() -> bytes:
    return stamped(Authority(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))).pack()


@lie("stamp-unfit")
def stamp_by_a_certificate_that_is_not_only_for_stamps() -> bytes:
    return stamped(Authority(critical=False)).pack()


@lie("stamp-unfit")
def stamp_by_a_certificate_for_nothing() -> bytes:
    return stamped(Authority(purposes=())).pack()


@lie("stamp-unfit")
def stamp_before_its_certificate() -> bytes:
    return stamped(time=datetime.fromisoformat("2019-12-31T00:00:00+00:00")).pack()


@lie("stamp-malformed")
def stamp_malformed() -> bytes:
    made = bundle()
    token = base64.b64decode(made.stamps[0]["token"])
    made.stamps[0]["token"] = b64(token[:-1])
    return made.pack()


@lie("stamp-authority-wrong", authorities=[Authority("Another authority").pem])
def stamp_by_another_authority() -> bytes:
    return changed(lambda _: None)


@lie("stamp-authority-wrong", authorities=[AUTHORITY.pem])
def stamp_by_a_namesake() -> bytes:
    return stamped(Authority("A time-stamp authority ")).pack()


@lie("not-stamped", authorities=[AUTHORITY.pem])
def stamp_left_out() -> bytes:
    return changed(lambda it: it.stamps.clear())


def without_the_witness(it: Bundle) -> None:
    it.checkpoints.pop(1)
    it.stamps.clear()


@lie("not-cosigned", witnesses=[WITNESS.vkey(WITNESS_NAME, 4)])
def cosignature_left_out() -> bytes:
    return changed(without_the_witness)


@lie("cosignature-forged not-cosigned", witnesses=[WITNESS.vkey(WITNESS_NAME, 4)])
def cosignature_of_another_checkpoint() -> bytes:
    def change(it: Bundle) -> None:
        line = it.checkpoints[1]["note"].splitlines()[-1]
        it.checkpoints[1]["note"] = told().checkpoint(STAMPED)
        it.checkpoints[0]["note"] += f"{line}\n"

    return changed(change)


@lie("cosignature-forged not-cosigned", witnesses=[WITNESS.vkey(WITNESS_NAME, 4)])
def cosignature_of_no_time() -> bytes:
    def change(it: Bundle) -> None:
        line = it.checkpoints[1]
        text = line["note"].partition("\n\n")[0] + "\n"
        line["note"] = told().checkpoint(STAMPED) + WITNESS.cosignature(
            WITNESS_NAME, text, datetime(1970, 1, 1, tzinfo=UTC)
        )

    return changed(change)
