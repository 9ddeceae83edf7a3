"""Mails reach a real server as they were written, and its answers are told apart."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.adapters import mailer
from app.adapters.mailer import SmtpMailer
from app.domain.mails.delivery import Attachment, Envelope
from app.domain.mails.errors import AddressRefused, MailServerAway
from tests.fakes.smtp_server import Mailbox, smtp_server

ENVELOPE = Envelope(
    reference="invoice_issued:1",
    to="ada@example.com",
    subject="Rechnung für Ärzte – 发票",
    text="Grüße,\n.\nein Punkt allein.\n",
    html="<p>Grüße 发票</p>",
    attachments=(Attachment("INV-1.pdf", "application/pdf", b"%PDF-1.7\n.\r\n\x00\xff"),),
)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with smtp_server() as box:
        yield box


def mailer_of(box: Mailbox, *, login: str = "") -> SmtpMailer:
    return SmtpMailer(
        url=f"smtp://{login}127.0.0.1:{box.port}", sender="Oblivious, Inc. <billing@example.org>"
    )


class TestSend:
    def test_hands_over_text_html_and_files(self, box: Mailbox) -> None:
        mailer_of(box).send(ENVELOPE)
        (message,) = box.taken
        assert box.recipients == ["ada@example.com"]
        assert message["Subject"] == ENVELOPE.subject
        assert message["From"].addresses[0].display_name == "Oblivious, Inc."
        assert message["To"] == "ada@example.com"
        assert message["Auto-Submitted"] == "auto-generated"
        text = message.get_body(("plain",)).get_content()
        assert text.replace("\r\n", "\n") == ENVELOPE.text
        assert message.get_body(("html",)).get_content().strip() == ENVELOPE.html
        (file,) = message.iter_attachments()
        assert (file.get_filename(), file.get_content_type()) == ("INV-1.pdf", "application/pdf")
        assert file.get_content() == ENVELOPE.attachments[0].content

    def test_names_a_domain_as_every_server_knows_it(self, box: Mailbox) -> None:
        sender = "Oblivious <billing@bücher.example.org>"
        SmtpMailer(url=f"smtp://127.0.0.1:{box.port}", sender=sender).send(
            replace(ENVELOPE, to="ada@straße.com")
        )
        (message,) = box.taken
        assert box.recipients == ["ada@xn--strae-oqa.com"] == [message["To"]]
        assert message["From"].addresses[0].addr_spec == "billing@xn--bcher-kva.example.org"
        assert message["Message-ID"].endswith("@xn--bcher-kva.example.org>")

    @pytest.mark.parametrize("address", ["äda@example.com", "ada@bücher"])
    def test_an_address_may_have_no_spelling_that_the_server_knows(
        self, box: Mailbox, address: str
    ) -> None:
        with pytest.raises(AddressRefused):
            mailer_of(box).send(replace(ENVELOPE, to=address))
        assert box.taken == []

    def test_an_address_may_hold_any_letter_where_the_server_knows_them(self, box: Mailbox) -> None:
        box.extensions = ("SMTPUTF8", "8BITMIME")
        mailer_of(box).send(replace(ENVELOPE, to="äda@bücher.example.com"))
        assert box.recipients == ["äda@xn--bcher-kva.example.com"]

    def test_a_server_that_knows_no_passwords_is_not_the_addresss_fault(self, box: Mailbox) -> None:
        with pytest.raises(MailServerAway):
            mailer_of(box, login="billing:secret@").send(replace(ENVELOPE, to="äda@example.com"))

    def test_the_same_mail_has_the_same_id(self, box: Mailbox) -> None:
        for reference in ("a:1", "a:1", "a:2"):
            mailer_of(box).send(replace(ENVELOPE, reference=reference))
        first, again, other = (message["Message-ID"] for message in box.taken)
        assert first == again != other
        assert first.endswith("@example.org>")

    def test_signs_in(self, box: Mailbox) -> None:
        box.login = ("billing@example.org", "p@ss:word")
        mailer_of(box, login="billing%40example.org:p%40ss%3Aword@").send(ENVELOPE)
        assert len(box.taken) == 1

    def test_a_wrong_password_is_not_the_addresss_fault(self, box: Mailbox) -> None:
        box.login = ("billing", "right")
        with pytest.raises(MailServerAway):
            mailer_of(box, login="billing:wrong@").send(ENVELOPE)

    def test_sends_no_password_in_clear_over_the_network(
        self, box: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mailer, "LOCAL_HOSTS", ())
        box.login = ("billing", "secret")
        with pytest.raises(MailServerAway, match="encryption") as refused:
            mailer_of(box, login="billing:secret@").send(ENVELOPE)
        assert "secret" not in str(refused.value)
        assert box.taken == []

    @pytest.mark.parametrize("answer", ["550 no such user", "553 bad\tname"])
    def test_a_recipient_may_be_refused_for_good(self, box: Mailbox, answer: str) -> None:
        box.answer_to_recipient = answer
        with pytest.raises(AddressRefused, match=answer[:3]):
            mailer_of(box).send(ENVELOPE)

    def test_a_message_may_be_refused_for_good(self, box: Mailbox) -> None:
        box.answer_to_message = "552 too large"
        with pytest.raises(AddressRefused, match="552 too large"):
            mailer_of(box).send(ENVELOPE)

    def test_not_now_is_not_never(self, box: Mailbox) -> None:
        box.answer_to_recipient = "450 greylisted"
        with pytest.raises(MailServerAway, match="450 greylisted"):
            mailer_of(box).send(ENVELOPE)
        box.answer_to_recipient, box.answer_to_message = "250 taken", "451 later"
        with pytest.raises(MailServerAway, match="451 later"):
            mailer_of(box).send(ENVELOPE)

    def test_a_server_may_be_away(self, box: Mailbox) -> None:
        box.hangs_up = True
        with pytest.raises(MailServerAway):
            mailer_of(box).send(ENVELOPE)
        with pytest.raises(MailServerAway):
            SmtpMailer(url="smtp://127.0.0.1:1", sender="a@example.org").send(ENVELOPE)

    def test_speaks_tls_at_once_where_it_is_told_to(self, box: Mailbox) -> None:
        # The server of this test does not: it must not be given anything.
        with pytest.raises(MailServerAway):
            SmtpMailer(url=f"smtps://127.0.0.1:{box.port}", sender="a@example.org").send(ENVELOPE)
        assert box.taken == []
