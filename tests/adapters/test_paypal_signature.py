"""Held against a message that PayPal really signed, and against certificates of our own."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.adapters.paypal_signature import (
    TOO_EARLY,
    TOO_OLD,
    certificates_in,
    check_moment,
    check_signature,
    checked_certificate,
    transmission_of,
)
from app.domain.payments.errors import SignatureInvalid
from app.foundation import clock
from app.sandbox.paypal.signing import HOLDER, Signer, signed_text

SIGNED = json.loads((Path(__file__).parent / "paypal_signed_message.json").read_text("utf-8"))
BODY = SIGNED["body"].encode()
HEADERS: dict[str, str] = SIGNED["headers"]
(CERTIFICATE,) = certificates_in(SIGNED["certificate_pem"].encode())
SENT_AT = datetime(2015, 5, 18, 15, 45, 13, tzinfo=UTC)
# They are signed, or say how; the address of the certificate is another question.
CHECKED = [name for name in HEADERS if name != "paypal-cert-url"]
PAYPAL = ".paypal.com"


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


def check(
    headers: dict[str, str] = HEADERS, body: bytes = BODY, webhook_id: str = SIGNED["webhook_id"]
) -> None:
    transmission = transmission_of(headers)
    check_signature(transmission, body, webhook_id=webhook_id, certificate=CERTIFICATE)


def is_taken(headers: dict[str, str] = HEADERS, body: bytes = BODY) -> bool:
    try:
        check(headers, body)
    except SignatureInvalid:
        return False
    return True


def changed(text: bytes) -> Iterator[bytes]:
    """Give the text with each of its bytes changed, left out or doubled, one at a time."""
    for place in range(len(text)):
        before, here, after = text[:place], text[place], text[place + 1 :]
        for bit in range(7):
            yield before + bytes([here ^ (1 << bit)]) + after
        yield before + after
        if here != text[place - 1]:
            yield before + bytes([here, here]) + after


class TestCheckSignature:
    def test_takes_what_paypal_has_signed(self) -> None:
        assert is_taken()
        assert not is_taken(body=BODY + b" ")

    def test_refuses_every_change_of_the_body(self) -> None:
        taken = [each for each in changed(BODY) if is_taken(body=each)]
        assert taken == []

    @pytest.mark.parametrize("name", CHECKED)
    def test_refuses_every_change_of_a_header(self, name: str) -> None:
        value = HEADERS[name].encode()
        taken = [
            each for each in changed(value) if is_taken({**HEADERS, name: each.decode("latin-1")})
        ]
        assert taken == []

    def test_refuses_the_same_event_written_anew(self) -> None:
        assert not is_taken(body=json.dumps(json.loads(BODY)).encode())

    @pytest.mark.parametrize("webhook_id", ["", "4JH86294D6297924H", "WEBHOOK_ID"])
    def test_refuses_the_messages_of_other_webhooks(self, webhook_id: str) -> None:
        with pytest.raises(SignatureInvalid):
            check(webhook_id=webhook_id)

    def test_refuses_another_text_of_the_same_signature(self) -> None:
        signature = HEADERS["paypal-transmission-sig"]
        assert signature.endswith("Wg==")
        twin = signature.replace("Wg==", "Wh==")
        assert base64.b64decode(twin) == base64.b64decode(signature)
        assert not is_taken({**HEADERS, "paypal-transmission-sig": twin})


class TestTransmissionOf:
    @pytest.mark.parametrize("name", HEADERS)
    @pytest.mark.parametrize("value", [None, "", "é", "\ud800", "a" * 1025])
    def test_refuses_headers_that_are_none(self, name: str, value: str | None) -> None:
        headers = {key: each for key, each in {**HEADERS, name: value}.items() if each is not None}
        with pytest.raises(SignatureInvalid, match=name):
            transmission_of(headers)


class TestCheckMoment:
    @pytest.mark.parametrize("ahead", [-TOO_OLD, timedelta(), TOO_EARLY])
    def test_takes_what_was_sent_lately(self, ahead: timedelta) -> None:
        check_moment(transmission_of(HEADERS), now=SENT_AT - ahead)

    @pytest.mark.parametrize(
        "ahead",
        [
            -TOO_OLD - timedelta(seconds=1),
            TOO_EARLY + timedelta(seconds=1),
            timedelta(days=365),
            timedelta(days=-365),
        ],
    )
    def test_refuses_the_past_and_the_future(self, ahead: timedelta) -> None:
        with pytest.raises(SignatureInvalid):
            check_moment(transmission_of(HEADERS), now=SENT_AT - ahead)

    @pytest.mark.parametrize(
        "time",
        [
            *("yesterday", "2015-05-18", "2015-05-18T15:45:13", "2015-13-18T15:45:13Z", "9" * 1000),
            *("2015-05-18T15:45:13+00:00", " 2015-05-18T15:45:13Z", "2015-05-18T25:45:13Z"),
        ],
    )
    def test_refuses_what_is_no_moment(self, time: str) -> None:
        with pytest.raises(SignatureInvalid):
            check_moment(replace(transmission_of(HEADERS), time=time), now=SENT_AT)


class TestCheckedCertificate:
    @pytest.fixture
    def chain(self, signer: Signer) -> bytes:
        return signer.certificates(signer.certificate_id) or b""

    @pytest.fixture
    def root(self, signer: Signer) -> bytes:
        return signer.certificates("root") or b""

    def checked(self, chain: bytes, root: bytes, *, ending: str = HOLDER, days: int = 0):
        now = clock.now() + timedelta(days=days)
        return checked_certificate(chain, roots=certificates_in(root), names_end_in=ending, now=now)

    def test_takes_one_that_leads_to_a_root(
        self, signer: Signer, chain: bytes, root: bytes
    ) -> None:
        certificate = self.checked(chain, root)
        told = signer.headers(b"{}", webhook_id="w", base_url="", now=0)
        transmission = transmission_of({name.lower(): value for name, value in told.items()})
        check_signature(transmission, b"{}", webhook_id="w", certificate=certificate)
        signed = signed_text(transmission.id, transmission.time, "w", b"{}")
        assert signer.has_signed(signed, transmission.signature)

    @pytest.mark.parametrize("days", [-1, 366])
    def test_refuses_one_before_and_after_its_time(
        self, chain: bytes, root: bytes, days: int
    ) -> None:
        with pytest.raises(SignatureInvalid):
            self.checked(chain, root, days=days)

    def test_refuses_one_of_somebody_else(self, chain: bytes, root: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            self.checked(chain, root, ending=PAYPAL)

    def test_refuses_one_that_leads_to_another_root(self, chain: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            self.checked(chain, Signer().certificates("root") or b"")

    def test_refuses_one_whose_issuer_is_not_shown(self, chain: bytes, root: bytes) -> None:
        leaf = chain.split(b"-----BEGIN")[1]
        with pytest.raises(SignatureInvalid):
            self.checked(b"-----BEGIN" + leaf, root)

    @pytest.mark.parametrize("chain", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nx"])
    def test_refuses_what_is_none(self, chain: bytes, root: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            self.checked(chain, root)

    def test_refuses_the_root_itself(self, root: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            self.checked(root, root)

    def test_refuses_paypals_own_since_it_has_expired(self, root: bytes) -> None:
        pem = SIGNED["certificate_pem"].encode()
        with pytest.raises(SignatureInvalid):
            checked_certificate(
                pem, roots=certificates_in(root), names_end_in=PAYPAL, now=clock.now()
            )
