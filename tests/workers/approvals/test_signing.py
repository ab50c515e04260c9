from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from tests.together import together
from workers.approvals.signing import SigningKey, SigningKeys, Verification, new_key, sign, signing_key
from workers.settings import SettingsError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXP = int((NOW + timedelta(minutes=5)).timestamp())
RUN = {"workflow_id": "refunds/evt_1", "first_run_id": "run-1"}
SECRET = b"s" * 32
GATEWAY = SigningKey("gateway", lambda message: hmac.digest(SECRET, message, hashlib.sha256))
DECISION = {"hold": "refund", "decision": "approve", "by": "Lead@example.com ", "digest": "ab" * 32}


@pytest.fixture(scope="module")
def lead() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def raw(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


@pytest.fixture
def keys(lead: Ed25519PrivateKey) -> SigningKeys:
    return SigningKeys(
        {
            "lead": {"ed25519": raw(lead), "people": ["lead@Example.com"]},
            "gateway": {"hmac": base64.b64encode(SECRET).decode()},
            "desk": {"hmac": "${DESK_KEY}", "people": ["lead@example.com"]},
        },
        {"DESK_KEY": base64.b64encode(b"d" * 40).decode()},
    )


def signed(key: SigningKey, decision: dict[str, Any] | None = None, exp: int = EXP) -> dict[str, Any]:
    """Return a decision with its proof."""
    decision = decision or DECISION
    return {**decision, "proof": sign(decision, **RUN, key=key, exp=exp)}


def verify(keys: SigningKeys, decision: Any, now: datetime = NOW, **run: str) -> Verification:
    run = {**RUN, **run}
    return keys.verify(decision, run["workflow_id"], run["first_run_id"], now)


def test_a_signature_counts_for_the_people_of_its_key(keys: SigningKeys, lead: Ed25519PrivateKey) -> None:
    assert keys
    key = SigningKey("lead", lead.sign)
    assert verify(keys, signed(key)).to_json() == {}
    other = verify(keys, signed(key, {**DECISION, "by": "boss@example.com"}))
    assert other.to_json() == {"refused": "The key lead may not speak for boss@example.com."}


def test_what_is_signed_is_what_the_description_says(keys: SigningKeys, lead: Ed25519PrivateKey) -> None:
    """Made with nothing of ours, as another language's client would."""
    said = {"workflowId": "refunds/evt_1", "firstRunId": "run-1", "kid": "lead", "exp": EXP, "decision": DECISION}
    signature = lead.sign(json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
    texts = [encode(signature).decode() for encode in (base64.urlsafe_b64encode, base64.b64encode)]
    for sig in (*texts, *(text.rstrip("=") for text in texts)):
        assert verify(keys, {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": sig}}) == Verification()


def test_a_gateway_speaks_for_everybody_unless_its_key_says_for_whom(keys: SigningKeys) -> None:
    assert verify(keys, signed(GATEWAY, {**DECISION, "by": "anybody"})) == Verification()
    decision_lock = SigningKey("desk", lambda message: hmac.digest(b"d" * 40, message, hashlib.sha256))
    assert verify(keys, signed(decision_lock)) == Verification()
    assert "may not speak for anybody" in str(
        verify(keys, signed(decision_lock, {**DECISION, "by": "anybody"})).refused
    )


def test_a_signature_is_for_one_decision_about_one_run(keys: SigningKeys, lead: Ed25519PrivateKey) -> None:
    key = SigningKey("lead", lead.sign)
    good = signed(key)
    changed: list[dict[str, Any]] = [
        {**good, "decision": "reject"},
        {**good, "hold": "other"},
        {**good, "digest": "cd" * 32},
        {**good, "by": "lead@example.com"},
        {**good, "reason": "added"},
        {**good, "edits": {"text": "x"}},
        {name: value for name, value in good.items() if name != "digest"},
        {**good, "proof": {**good["proof"], "exp": EXP + 1}},
        {**good, "proof": {**good["proof"], "kid": "gateway"}},
        {**good, "proof": {**good["proof"], "sig": "AAAA"}},
    ]
    for decision in changed:
        verdict = verify(keys, decision)
        assert "over this decision" in str(verdict.refused), decision
        assert not verdict.malformed
    assert verify(keys, good, workflow_id="refunds/evt_2").refused
    assert verify(keys, good, first_run_id="run-2").refused


def test_a_proof_expires(keys: SigningKeys, lead: Ed25519PrivateKey) -> None:
    key = SigningKey("lead", lead.sign)
    end = datetime.fromtimestamp(EXP, UTC)
    assert verify(keys, signed(key), end - timedelta(milliseconds=1)) == Verification()
    assert "expired" in str(verify(keys, signed(key), end).refused)
    assert "more than a year" in str(verify(keys, signed(key, exp=EXP * 1_000)).refused)


def test_an_unknown_key_is_refused(keys: SigningKeys, lead: Ed25519PrivateKey) -> None:
    verdict = verify(keys, signed(SigningKey("old", lead.sign)))
    assert verdict == Verification("The decision is signed with the key old, which this worker does not have.")


def nested() -> Any:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return value


@together(
    "decision",
    [
        None,
        "approve",
        [],
        DECISION,
        {**DECISION, "proof": None},
        {**DECISION, "proof": "x" * 100_000},
        {**DECISION, "proof": {}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA", "alg": "none"}},
        {**DECISION, "proof": {"kid": "", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "../lead", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": ["lead"], "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": str(EXP), "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": float(EXP), "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": True, "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": -1, "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": 2**60, "sig": "AAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": ""}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": "AAAAA"}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": "a b="}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": "A" * 201}},
        {**DECISION, "proof": {"kid": "lead", "exp": EXP, "sig": None}},
        {**DECISION, "by": None, "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "result": 2**60, "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "result": float("nan"), "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "reason": "\ud800", "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "\ud800": 1, "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA"}},
        {**DECISION, "result": nested(), "proof": {"kid": "lead", "exp": EXP, "sig": "AAAA"}},
    ],
)
def test_what_is_no_proof_is_malformed_and_never_an_error(keys: SigningKeys, decision: Any) -> None:
    verdict = verify(keys, decision)
    assert verdict.malformed
    assert verdict.to_json()["malformed"] is True
    assert len(str(verdict.refused)) < 300


def test_what_has_no_canonical_form_cannot_be_signed(lead: Ed25519PrivateKey) -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        sign({**DECISION, "result": 2**60}, **RUN, key=SigningKey("lead", lead.sign), exp=EXP)


def test_a_new_key_signs_and_its_public_half_verifies(tmp_path: Path) -> None:
    pem, public = new_key()
    file = tmp_path / "key.pem"
    file.write_text(pem)
    decision = signed(signing_key(f"ann:{file}"))
    assert decision["proof"]["kid"] == "ann"
    assert "=" not in decision["proof"]["sig"]
    key = load_pem_private_key(pem.encode(), None).public_key()
    as_pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for spelling in (public, as_pem):
        keys = SigningKeys({"ann": {"ed25519": spelling, "people": ["lead@example.com"]}})
        assert verify(keys, decision) == Verification()


def test_a_signers_key_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("no key")
    locked, curve = tmp_path / "locked.pem", tmp_path / "curve.pem"
    locked.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
        )
    )
    curve.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    for given, words in (
        (f"ann:{tmp_path / 'nowhere.pem'}", "cannot be read"),
        (f"ann:{file}", "no Ed25519 private key"),
        (f"ann:{locked}", "without a password"),
        (f"ann:{curve}", "no Ed25519 private key"),
    ):
        with pytest.raises(SettingsError, match=r"^TRUNKLINE_SIGNING_KEY names") as raised:
            signing_key(given)
        assert words in str(raised.value)


PUBLIC = raw(Ed25519PrivateKey.from_private_bytes(b"p" * 32))
PRIVATE = new_key()[0]
MAC = base64.b64encode(SECRET).decode()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("text", "either `ed25519` or `hmac`"),
        ({"people": ["a"]}, "either `ed25519` or `hmac`"),
        ({"ed25519": PUBLIC, "hmac": MAC, "people": ["a"]}, "either `ed25519` or `hmac`"),
        ({"ed25519": PUBLIC, "person": ["a"]}, "nothing but `people`"),
        ({"ed25519": PUBLIC}, "for whom the key may speak"),
        ({"ed25519": PUBLIC, "people": []}, "for whom the key may speak"),
        ({"ed25519": PUBLIC, "people": "a"}, "has `people`, which must be a list of people"),
        ({"ed25519": PUBLIC, "people": ["group:ops"]}, "no groups in it"),
        ({"ed25519": PUBLIC[:-4], "people": ["a"]}, "its 32 bytes in base64, or PEM"),
        ({"ed25519": "not base64!", "people": ["a"]}, "its 32 bytes in base64, or PEM"),
        ({"ed25519": 5, "people": ["a"]}, "its 32 bytes in base64, or PEM"),
        ({"ed25519": "-----BEGIN PUBLIC KEY-----", "people": ["a"]}, "or PEM"),
        ({"ed25519": PRIVATE, "people": ["a"]}, "a private key where the public one belongs"),
        ({"hmac": base64.b64encode(b"short").decode()}, "at least 32 random bytes"),
        ({"hmac": None}, "at least 32 random bytes"),
        ({"hmac": "${MISSING}"}, "needs the environment variable MISSING"),
    ],
)
def test_a_bad_key_is_a_sentence_that_does_not_quote_it(entry: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=r"^TRUNKLINE_SIGNING_KEYS: 'ann' ") as raised:
        SigningKeys({"ann": entry}, {})
    assert words in str(raised.value)
    assert MAC not in str(raised.value)


def test_keys_are_rotated_in_their_file(tmp_path: Path, keys: SigningKeys) -> None:
    file = tmp_path / "keys.yaml"
    file.write_text(f"gateway: {{hmac: {MAC}}}")
    keys = SigningKeys(str(file), {})
    assert verify(keys, signed(GATEWAY)) == Verification()
    file.write_text(f"gateway-2: {{hmac: {MAC}}}")
    assert "does not have" in str(verify(keys, signed(GATEWAY)).refused)
    file.write_text("{}")
    assert not keys


def test_without_the_setting_there_are_no_keys() -> None:
    assert not SigningKeys()


def test_the_canonical_form_is_rfc_8785(keys: SigningKeys) -> None:
    """Numbers and letters beyond ASCII have one spelling, whatever the sender's JSON looked like."""
    decision: Any = {**DECISION, "by": "anybody", "result": {"€": 1e21, "b": 1.0, "a": "é"}}
    same = json.loads(json.dumps(decision).replace("1e+21", "1000000000000000000000.0"))
    assert rfc8785.dumps(same) == rfc8785.dumps(decision)
    assert verify(keys, {**same, "proof": signed(GATEWAY, decision)["proof"]}) == Verification()


@pytest.mark.parametrize("by", ["lead@example.com\u200b", "\u202elead@example.com", "lead@example.com\n"])
def test_an_id_that_hides_something_is_neither_signed_nor_believed(keys: SigningKeys, by: str) -> None:
    with pytest.raises(ValueError, match="which nobody sees"):
        sign({**DECISION, "by": by}, **RUN, key=GATEWAY, exp=EXP)
    verdict = verify(keys, {**signed(GATEWAY), "by": by})
    assert verdict.malformed
    assert "which nobody sees" in str(verdict.refused)


def test_a_key_speaks_for_no_id_that_hides_something(lead: Ed25519PrivateKey) -> None:
    with pytest.raises(SettingsError, match="which nobody sees"):
        SigningKeys({"lead": {"ed25519": raw(lead), "people": ["lead@example.com\u200b"]}})


def test_a_key_speaks_for_a_person_however_the_letters_are_composed(lead: Ed25519PrivateKey) -> None:
    keys = SigningKeys({"zoe": {"ed25519": raw(lead), "people": ["zo\u00eb"]}})
    key = SigningKey("zoe", lead.sign)
    for by, refused in (("ZOE\u0308", False), ("zoe", True)):
        verdict = verify(keys, signed(key, {**DECISION, "by": by}))
        assert (verdict.refused is not None) is refused
