"""`billing reconcile`: it asks the provider about whatever is open."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import wiring
from app.config import read_settings
from app.domain.accounts.models import Account
from app.foundation import clock
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.factories.payments import invoice_row, make_checkout, make_invoice
from tests.sandbox.shopping import pay


class TestReconcile:
    def test_settles_what_nobody_told_us(
        self,
        app: Flask,
        ada: Account,
        billing,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before = clock.now() - timedelta(minutes=10)
        with running(SandboxSettings(database=tmp_path / "sandbox.sqlite3", port=0)) as url:
            monkeypatch.setenv("STRIPE_API_BASE", url)
            gateway = wiring.payment_gateways(read_settings())["stripe"]
            invoice = make_invoice(ada, now=before)
            checkout = make_checkout(ada, invoice, gateway=gateway, now=before)
            pay(checkout.checkout_url)
            printed = billing("reconcile")
        assert printed.exit_code == 0
        asked, refunds, unanswered, found = printed.output.splitlines()
        assert (asked, refunds) == ("1 payments asked about", "0 refunds asked about")
        assert unanswered == "0 without an answer"
        assert found.endswith("missed events found") and not found.startswith("0")
        assert invoice_row(invoice.public_id).status == "paid"

    def test_tells_how_many_got_no_answer(
        self, app: Flask, billing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
        printed = billing("reconcile")
        assert printed.exit_code == 0
        assert "0 payments asked about" in printed.output
