"""A case as a bundle: whole, proven, and telling each reader what they may read and no more."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.bundle import AT_ONCE, Wanted, prepared
from domain.decider import Actor, Role
from domain.ledger.notes import COSIGNATURE, Checkpoint, Signer, text_of, vkey
from domain.ledger.proofs import snapshot
from tests.api.bundles import SAID, Bundle, bundle, heads_sealed, sealed, told, withheld
from tests.api.conftest import Door, as_client, kind
from tests.api.test_past_the_worker import OBJECTS, raised
from tests.api.test_protected import OMBUDSMAN
from tests.api.test_withheld import REASON, told_of, withheld_from, withheld_from_client
from tests.domain.ledger.test_erasures import ANOTHER, MARKER, closed, erase
from tests.domain.ledger.test_restored import restored_beneath
from tests.domain.ledger.test_survivors import backed_up
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, Town, holder

AUDITOR = Actor("auri", Role.AUDITOR)
FILES = [
    "events.jsonl", "words.jsonl", "checkpoints.jsonl", "stamps.jsonl", "heads.json", "keys.json", "page.html",
    "manifest.json",
]  # fmt: skip


@pytest.fixture
def father() -> Actor:
    return Actor(str(uuid4()), Role.REPRESENTATIVE)


@pytest.fixture
def child(door: Door, father: Actor) -> UUID:
    """Register a child whom their father represents."""
    child = UUID(door.post("/clients", by=BO).json()["id"])
    mandate = {"representative": father.id, "kind": "custodian"}
    assert door.post(f"/clients/{child}/name-representative", mandate, BO).status_code == 200
    return child


# What is in it


def test_it_holds_every_event_with_its_proof_and_verifies(door: Door) -> None:
    case = told(door)
    heads_sealed(door)
    found = bundle(door, case)
    history = door.get(f"/cases/{case}/history").json()["events"]
    assert [it["name"] for it in found.manifest["files"]] == FILES[:-1]
    assert [(it["version"], it["hash"]) for it in found.events] == [(it["version"], it["hash"]) for it in history]
    assert found.opened == [1, 2, 3]
    heads = json.loads(found.file("heads.json"))
    assert (heads["version"], heads["hash"]) == (3, history[-1]["hash"])
    report = found.verified(history=True)
    assert [it.words["words"] for it in report.history[1:] if isinstance(it.words, dict)] == [
        SAID, "ja puhelin on rikki",
    ]  # fmt: skip


def test_it_is_named_for_its_case_and_kept_by_nobody_on_the_way(door: Door) -> None:
    case = told(door)
    sealed(door)
    answer = door.get(f"/cases/{case}/bundle")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="case-{case}.zip"'
    assert answer.headers["cache-control"] == "private, no-store"


def test_what_no_checkpoint_has_yet_is_in_it_and_not_covered(door: Door) -> None:
    case = told(door)
    sealed(door)
    door.say(case, "vasta nyt")
    found = Bundle(door.get(f"/cases/{case}/bundle").content)
    assert [(it["position"] is None, it["path"] == []) for it in found.events][2:] == [(False, False), (True, True)]
    report = found.verified()
    assert report.exit == 0
    assert any("4" in it for it in report.uncovered)


def test_before_anything_is_sealed_there_is_none(own_door: Door) -> None:
    case = own_door.case()
    refused = own_door.get(f"/cases/{case}/bundle")
    assert kind(refused) == (503, "case-not-sealed")
    assert refused.headers["retry-after"] == "1"
    assert own_door.get(f"/cases/{case}/reads").json()["reads"] == []


# Which words are opened


def test_of_the_words_it_opens_those_that_are_asked_for_and_holds_no_others(door: Door) -> None:
    case = told(door)
    sealed(door)
    every = {it["version"]: it["ciphertext"] for it in bundle(door, case).lines("words.jsonl")}
    some, none = bundle(door, case, words="3,1"), bundle(door, case, words="none")
    assert (some.opened, some.manifest["words"]) == ([1, 3], "1,3")
    assert some.words == {1: "opened", 2: "sealed", 3: "opened"}
    assert (none.opened, none.manifest["words"], set(none.words.values())) == ([], "none", {"sealed"})
    assert SAID in bundle(door, case).page
    for found in (some, none):
        assert SAID not in found.everything
        assert every[2] not in found.everything


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"words": "some"}, (422, "request-invalid")), ({"words": "1,,2"}, (422, "request-invalid")),
        ({"words": "0"}, (422, "request-invalid")), ({"words": ""}, (422, "request-invalid")),
        ({"words": "1," * 10_000}, (422, "request-invalid")), ({"words": "4"}, (404, "version-never-existed")),
        ({"language": "de"}, (422, "request-invalid")), ({"known": "-1"}, (422, "request-invalid")),
        ({"known": "999999999"}, (404, "known-checkpoint-absent")), ({"version": "2"}, (422, "request-invalid")),
    ],
)  # fmt: skip
def test_what_can_not_be_had_is_refused_with_a_reason_and_not_logged(
    door: Door, asked: dict[str, str], refused: tuple[int, str]
) -> None:
    case = told(door)
    sealed(door)
    assert kind(door.get(f"/cases/{case}/bundle", params=asked)) == refused
    assert door.get(f"/cases/{case}/reads").json()["reads"] == []


def test_words_that_do_not_open_do_not_keep_the_rest_back(door: Door) -> None:
    case = told(door)
    sealed(door)
    with door.house.region.connect(owner=True) as owner:
        owner.execute(
            "UPDATE words SET ciphertext = set_byte(ciphertext, 60, get_byte(ciphertext, 60) # 1) "
            "WHERE stream = %s AND version = 2", (case,),
        )  # fmt: skip
    found = Bundle(door.get(f"/cases/{case}/bundle", params={"language": "en"}).content)
    assert "can&#x27;t be opened" in found.page
    assert "ja puhelin on rikki" in found.page
    report = found.verified()
    assert report.exit == 1
    assert "2" in str(report.faults[0])


# Who gets it


def test_staff_the_client_their_representative_and_auditors_get_it(door: Door, child: UUID, father: Actor) -> None:
    case = door.case(child, BO)
    door.say(case, SAID, BO)
    consent = {"recipients": [OMBUDSMAN.organisation], "purpose": "cooperation"}
    assert door.post(f"/cases/{case}/give-consent", consent, as_client(child)).status_code == 200
    for by in (BO, CILLA, as_client(child), father, AUDITOR, OMBUDSMAN):
        assert SAID in bundle(door, case, by).page, by


@pytest.mark.parametrize(
    "by", [AINO, ADMINISTRATOR, Actor("clock", Role.SYSTEM), Actor(str(uuid4()), Role.CLIENT)], ids=lambda it: it.role
)
def test_nobody_else_does_and_learns_not_that_there_is_such_a_case(door: Door, by: Actor) -> None:
    case = door.case(by=BO)
    sealed(door)
    theirs, nobodys = door.get(f"/cases/{case}/bundle", by), door.get(f"/cases/{uuid4()}/bundle", by)
    assert theirs.status_code in {403, 404}
    assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json())


def test_whoever_had_the_case_before_is_told_whom_to_ask(door: Door) -> None:
    case = door.case()
    offer = {"to": vars(holder(BO)), "reason": "muutto", "no_view_because": "ei tavattu"}
    made = door.post(f"/cases/{case}/propose-handoff", offer | {"disclosure_basis": "statutory"}).json()["made"]
    assert door.post(f"/cases/{case}/accept-handoff", {"handoff": made}, BO).status_code == 200
    sealed(door)
    assert door.get(f"/cases/{case}/history").status_code == 200
    refused = door.get(f"/cases/{case}/bundle")
    assert kind(refused) == (403, "bundle-of-part")
    assert "Ask whoever answers for it now" in refused.json()["detail"]
    assert bundle(door, case, BO).words.keys() == {1, 2, 3, 4}


@pytest.mark.rule(22)
def test_whoever_is_not_to_know_where_a_protected_client_is_gets_none(door: Door, child: UUID, father: Actor) -> None:
    case = door.case(child, BO)
    assert bundle(door, case, father)
    assert door.post(f"/clients/{child}/protect-address", {"until": "2099-01-01T00:00:00Z"}, BO).status_code == 200
    refused = door.get(f"/cases/{case}/bundle", father)
    assert kind(refused) == (403, "bundle-tells-places")
    assert "aikuissosiaalityo" not in refused.text
    for by in (BO, as_client(child), AUDITOR):
        assert bundle(door, case, by)


@pytest.mark.rule(23)
def test_it_is_written_down_as_read_before_its_first_byte(door: Door) -> None:
    case = told(door)
    sealed(door)
    assert door.get(f"/cases/{case}/bundle", headers={"Purpose": "work"}).status_code == 200
    (line,) = door.get(f"/cases/{case}/reads", headers={"Accept-Language": "en"}).json()["reads"]
    assert (line["who"], line["what"], line["why"], line["via"]) == ("aino", "ReadCaseBundle", "work", "http")
    assert line["what_told"] == "the whole history with its proofs"


@pytest.mark.rule(23)
def test_what_can_not_be_logged_is_not_given(own_door: Door) -> None:
    case = told(own_door)
    sealed(own_door)
    service = own_door.house.region.service
    with own_door.house.region.connect(owner=True) as owner:
        owner.execute(f"REVOKE INSERT (who) ON reads FROM {service}".encode())
        for _ in range(AT_ONCE + 1):
            assert kind(own_door.get(f"/cases/{case}/bundle")) == (503, "read-not-logged")
        owner.execute(f"GRANT INSERT (who) ON reads TO {service}".encode())
    assert own_door.get(f"/cases/{case}/bundle").status_code == 200


# What is withheld


@pytest.mark.rule(22)
def test_what_is_withheld_goes_as_its_hash_alone_with_the_ground(door: Door, child: UUID, father: Actor) -> None:
    case, version = told_of(door, child)
    forbidding = withheld_from_client(door, case, version)
    for by in (as_client(child), father):
        found = bundle(door, case, by, language="en")
        assert withheld(found, version) == ("third_party", False, "withheld")
        assert withheld(found, forbidding) == (None, True, "withheld")
        assert not [it for it in ("Hervantaan", REASON, "close_person") if it in found.everything]
        assert "withheld from the reader: another person&#x27;s sake" in found.page
    for by in (BO, AUDITOR):
        found = bundle(door, case, by)
        assert withheld(found, version) == (None, True, "opened")
        assert REASON in found.page


@pytest.mark.rule(22)
def test_where_the_words_alone_are_withheld_the_event_is_there(door: Door, child: UUID, father: Actor) -> None:
    case = door.case(child, BO)
    taken = door.post(f"/cases/{case}/take-ownership", {"words": SAID}, as_client(child)).json()["version"]
    withheld_from(door, case, taken, father.id)
    found = bundle(door, case, father)
    assert withheld(found, taken) == (None, True, "withheld")
    assert SAID not in found.page
    assert withheld(bundle(door, case, as_client(child)), taken) == (None, True, "opened")


@pytest.mark.rule(22)
def test_why_something_was_withheld_stays_unsaid_once_that_was_a_mistake(door: Door, child: UUID) -> None:
    case, version = told_of(door, child)
    forbidding = withheld_from_client(door, case, version)
    mistaken = {"version": forbidding, "reason": "väärä merkintä"}
    assert door.post(f"/cases/{case}/mark-erroneous", mistaken, CILLA).status_code == 200
    found = bundle(door, case, as_client(child))
    assert withheld(found, version) == (None, True, "opened")
    assert withheld(found, forbidding) == (None, True, "withheld")
    assert REASON not in found.page


@pytest.mark.rule(22)
def test_what_is_withheld_meanwhile_is_withheld(door: Door, child: UUID) -> None:
    case, version = told_of(door, child)
    sealed(door)
    with snapshot(door.house.region, UUID(case)) as there:
        withheld_from_client(door, case, version)
        found = Bundle(b"".join(prepared(door.house.cases, there, as_client(child), Wanted()).parts()))
    assert withheld(found, version) == ("third_party", False, "withheld")
    assert "Hervantaan" not in found.everything


@pytest.mark.rule(22)
def test_what_is_said_meanwhile_to_be_another_persons_is_not_told_and_what_is_destroyed_not_opened(door: Door) -> None:
    client = door.client()
    case = door.case(client, BO)
    wrong = door.say(case, "Naapurin lääkitys on väärin.", BO).json()["version"]
    sealed(door)
    with snapshot(door.house.region, UUID(case)) as there:
        mark_as_anothers(door, case, wrong)
        theirs = Bundle(b"".join(prepared(door.house.cases, there, as_client(client), Wanted()).parts()))
        assert door.post(f"/cases/{case}/confirm-misplaced", {"version": wrong}, CILLA).status_code == 200
        ours = Bundle(b"".join(prepared(door.house.cases, there, CILLA, Wanted()).parts()))
    assert withheld(theirs, wrong) == ("another_person", False, "withheld")
    assert withheld(ours, wrong) == (None, True, "destroyed")
    for found in (theirs, ours):
        assert "Naapurin" not in found.everything
        assert found.verified().exit == 0


def test_words_of_a_case_that_is_erased_meanwhile_are_not_opened(own_door: Door) -> None:
    town = Town(own_door.house.cases)
    case = closed(town)
    sealed(own_door)
    with snapshot(own_door.house.region, case) as there:
        erase(town, case)
        found = Bundle(b"".join(prepared(own_door.house.cases, there, AUDITOR, Wanted()).parts()))
    assert set(found.words.values()) == {"destroyed", "none"}
    assert MARKER not in found.everything


@pytest.mark.rule(22)
def test_of_what_is_withheld_it_says_the_ground_that_the_history_says(door: Door, child: UUID) -> None:
    case, version = told_of(door, child)
    withheld_from_client(door, case, version)
    mark_as_anothers(door, case, version)
    entry = door.get(f"/cases/{case}/history", as_client(child)).json()["events"][version - 1]
    assert withheld(bundle(door, case, as_client(child)), version) == (entry["withheld"]["ground"], False, "withheld")


def mark_as_anothers(door: Door, case: str, version: int) -> None:
    marked = {"version": version, "reason": "toisen asiakkaan", "wrong_person": True}
    assert door.post(f"/cases/{case}/mark-erroneous", marked, BO).status_code == 200


@pytest.mark.rule(13)
def test_what_goes_past_a_worker_is_not_in_theirs(door: Door) -> None:
    case, who, made = raised(door)
    found = bundle(door, case, BO)
    assert [withheld(found, made[it]["version"])[0] for it in ("objection", "request", "felt")] == [
        "past_worker", "past_worker", "until_closed",
    ]  # fmt: skip
    assert not [it for it in (OBJECTS, "objection-raised", made["objection"]["made"]) if it in found.everything]
    assert OBJECTS in bundle(door, case, who).page


def test_what_is_said_to_be_another_persons_is_in_nobodys_words_and_not_in_the_clients_bundle(door: Door) -> None:
    client = door.client()
    case = door.case(client, BO)
    wrong = door.say(case, "Naapurin lääkitys on väärin.", BO).json()["version"]
    mark_as_anothers(door, case, wrong)
    assert withheld(bundle(door, case, CILLA), wrong) == (None, True, "withheld")
    assert withheld(bundle(door, case, as_client(client)), wrong) == ("another_person", False, "withheld")
    assert door.post(f"/cases/{case}/confirm-misplaced", {"version": wrong}, CILLA).status_code == 200
    assert withheld(bundle(door, case, CILLA), wrong) == (None, True, "destroyed")
    assert withheld(bundle(door, case, as_client(client)), wrong) == ("another_person", False, "withheld")
    for by in (CILLA, as_client(client)):
        assert "Naapurin" not in bundle(door, case, by).everything


def test_after_an_erasure_it_proves_the_history_without_a_word(own_door: Door) -> None:
    case = closed(Town(own_door.house.cases))
    client = own_door.house.cases.client_of(case)
    basis = {"basis": "court_order", "reason": "hallinto-oikeus 12.3.2025"}
    proposed = own_door.post(f"/cases/{case}/propose-erasure", basis, ADMINISTRATOR)
    assert proposed.status_code == 200, proposed.text
    confirmed = own_door.post(f"/cases/{case}/confirm-erasure", {"erasure": proposed.json()["made"]}, ANOTHER)
    assert confirmed.status_code == 200, confirmed.text
    found = bundle(own_door, str(case), AUDITOR, language="en")
    assert set(found.words.values()) == {"destroyed", "none"}
    assert found.opened == []
    assert "[destroyed]" in found.page
    assert not [it for it in (MARKER, basis["reason"], str(client)) if it in found.everything]
    assert kind(own_door.get(f"/cases/{case}/bundle", AINO)) == (404, "stream-absent")


# Checkpoints


def size(door: Door) -> int:
    with door.house.region.connect() as connection:
        (found,) = connection.execute("SELECT max(size) FROM checkpoints WHERE log = 'events'").fetchone() or (0,)
    return int(found)


def test_a_checkpoint_that_somebody_kept_is_in_it_with_the_proof_that_the_log_continues_it(door: Door) -> None:
    case = told(door)
    sealed(door)
    first = size(door)
    kept = bundle(door, case).lines("checkpoints.jsonl")[0]["note"]
    door.say(case, "lisää")
    found = bundle(door, case, known=str(first))
    assert [it["size"] for it in found.lines("checkpoints.jsonl")] == [size(door), first]
    assert found.verified(known=kept).exit == 0
    assert [it["size"] for it in bundle(door, case).lines("checkpoints.jsonl")] == [size(door)]


def test_the_last_that_outsiders_vouch_for_are_in_it(own_door: Door) -> None:
    case, sizes = told(own_door), []
    witness = Signer("todistaja.example", Ed25519PrivateKey.generate())
    for _ in range(4):
        own_door.say(case, SAID)
        sealed(own_door)
        sizes.append(size(own_door))
    seen, stamped = sizes[1], sizes[2]
    with own_door.house.region.connect() as connection:
        for it in sizes[:2]:
            (note,) = connection.execute(
                "SELECT note FROM checkpoints WHERE log = 'events' AND size = %s", (it,)
            ).fetchone() or ("",)
            line = witness.cosignature(text_of(note), datetime.now(UTC))
            connection.execute(
                "INSERT INTO cosignatures VALUES ('events', 1, %s, %s, %s, now())", (it, witness.name, line)
            )
        for it in sizes[:3]:
            connection.execute(
                "INSERT INTO stamps VALUES ('events', 1, %s, 'aika.example', %s, now())", (it, b"a token")
            )
    found = Bundle(own_door.get(f"/cases/{case}/bundle").content)
    checkpoints = found.lines("checkpoints.jsonl")
    assert [it["size"] for it in checkpoints] == [sizes[3], stamped, seen]
    assert witness.name in checkpoints[2]["note"]
    assert Checkpoint.read(text_of(checkpoints[2]["note"])).size == seen
    tokens = {it["size"]: b64decode(it["token"]) for it in found.lines("stamps.jsonl")}
    assert tokens == {stamped: b"a token", seen: b"a token"}


def test_whoever_knows_the_first_key_follows_it_into_a_later_epoch_under_a_later_key(own_door: Door) -> None:
    case, signing = told(own_door), own_door.house.signing
    sealed(own_door)
    first = size(own_door)
    with own_door.house.region.connect() as connection:
        known = vkey("luotsi/koe/events/1", signing.all(connection)[0].public)
        signing.rotate(connection)
        own_door.house.notary.open_epoch(connection, 2)
    own_door.say(case, SAID)
    found = bundle(own_door, case)
    assert found.verified(trusted=[known]).exit == 0
    assert found.lines("checkpoints.jsonl")[0]["note"].startswith("luotsi/koe/events/2\n")
    notes = json.loads(found.file("keys.json"))
    assert (len(notes["signing"]), len(notes["epochs"])) == (2, 1)
    stranger = vkey("luotsi/koe/events/1", bytes(32))
    assert found.verified(trusted=[stranger]).exit == 1
    assert origins(bundle(own_door, case, known=str(first))) == ["luotsi/koe/events/2", "luotsi/koe/events/1"]


def origins(found: Bundle) -> list[str]:
    return [it["note"].partition("\n")[0] for it in found.lines("checkpoints.jsonl")]


def test_whoever_kept_a_checkpoint_from_before_a_restore_has_its_proof_as_far_as_it_was_kept(
    own_door: Door, tmp_path: Path
) -> None:
    region, witness = own_door.house.region, Signer("todistaja.example", Ed25519PrivateKey.generate())
    case = told(own_door)
    known, kept = bundle(own_door, case).lines("checkpoints.jsonl")[0]["note"], size(own_door)
    with region.connect() as connection:
        line = witness.cosignature(text_of(known), datetime.now(UTC))
        connection.execute(
            "INSERT INTO cosignatures VALUES ('events', 1, %s, %s, %s, now())", (kept, witness.name, line)
        )
    own_door.say(case, "tallessa")
    sealed(own_door)
    backup = backed_up(region, tmp_path / "backup")
    own_door.say(case, "katoaa")
    lost, gone = bundle(own_door, case).lines("checkpoints.jsonl")[0]["note"], size(own_door)
    restored_beneath(Town(own_door.house.cases), backup)
    with region.connect() as connection:
        own_door.house.notary.take_over(connection)
    unsealed = own_door.get(f"/cases/{case}/bundle", params={"known": kept})
    assert kind(unsealed) == (503, "case-not-sealed")
    for _ in range(3):
        own_door.say(case, SAID)
    found = bundle(own_door, case, known=str(kept))
    assert origins(found) == ["luotsi/koe/events/2", "luotsi/koe/events/1"]
    assert found.verified(known=known, witnesses=[vkey(witness.name, witness.public, COSIGNATURE)]).faults == []
    assert found.verified(known=lost).kinds == ["known-events-lost"]
    assert bundle(own_door, case).verified(known=known).kinds == ["known-checkpoint-missing"]
    refused = own_door.get(f"/cases/{case}/bundle", params={"known": gone})
    assert kind(refused) == (404, "known-checkpoint-absent")


def test_of_one_size_the_last_epochs_checkpoint_is_in_it_with_its_stamps_and_none_that_was_not_kept(
    own_door: Door,
) -> None:
    case, notary = told(own_door), own_door.house.notary
    sealed(own_door)
    first = size(own_door)
    with own_door.house.region.connect() as connection:
        for epoch in (1, 2):
            sealed(own_door)
            connection.execute(
                "INSERT INTO stamps VALUES ('events', %s, %s, 'aika.example', %s, now())",
                (epoch, first, b"token %d" % epoch),
            )
            notary.open_epoch(connection, epoch + 1)
        own_door.say(case, SAID)
        sealed(own_door)
        found = Bundle(own_door.get(f"/cases/{case}/bundle", params={"known": first}).content)
        assert origins(found) == ["luotsi/koe/events/3", "luotsi/koe/events/2"]
        assert [b64decode(it["token"]) for it in found.lines("stamps.jsonl")] == [b"token 2"]
        notary.open_epoch(connection, 4, forked=True)
    own_door.say(case, SAID)
    sealed(own_door)
    refused = own_door.get(f"/cases/{case}/bundle", params={"known": first})
    assert kind(refused) == (404, "known-checkpoint-absent")


NOTE = "SELECT note FROM checkpoints WHERE log = 'events' AND size = %s"
STAMP = (
    "INSERT INTO stamps (log, epoch, size, authority, token, at) VALUES ('events', 1, %s, 'aika.example', %s, now())"
)
