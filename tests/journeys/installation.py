"""An installation of real processes on free ports: web server, worker and payment sandbox."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import requests
from flask.ctx import AppContext
from werkzeug.routing import Rule

from app import create_app
from app.config import read_settings
from app.domain.accounts import operations as accounts
from app.domain.coupons.models import Coupon
from app.domain.payments.models import ProviderEvent
from app.foundation import clock
from app.foundation.database import db, session, transaction
from app.foundation.languages import ENGLISH
from app.foundation.periods import BillingMonth
from app.foundation.secret_keys import KeyKind
from app.workflows.sign_up import sign_up
from app.workflows.verify_books import verify_books
from tests.databases import ROOT, SECRET_KEY
from tests.log_watch import leaks
from tests.ports import free_ports

COMMAND = [sys.executable, "-P", "-m", "app.entrypoints.cli"]
KEPT = ("PATH", "HOME", "LANG")
# What these print is their log.
LOGGING = {"serve", "worker"}
# A busy machine takes long to start three programs; nobody waits when they are there.
READY_WITHIN_SECONDS = 180
END_WITHIN_SECONDS = 20
COMMAND_SECONDS = 300
ANSWER_SECONDS = 20
LOOK_EVERY_SECONDS = 0.1
PASSWORD = "correct horse battery staple"
AT_WORK = "The worker is at work."


@dataclass(frozen=True)
class Customer:
    """Somebody with an account, and a program that reads for him."""

    user_id: str
    email: str
    api_key: str


class Installation:
    """What runs, where it is, and how those talk to it who are not the browser."""

    def __init__(self, folder: Path, *, database_url: str = "") -> None:
        self.folder = folder
        port, sandbox_port = free_ports(2)
        self.address = f"http://127.0.0.1:{port}"
        self.sandbox = f"http://127.0.0.1:{sandbox_port}"
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "INSTANCE_DIR": str(folder / "instance"),
            "SECRET_KEY": SECRET_KEY,
            "PORT": str(port),
            "SANDBOX_PORT": str(sandbox_port),
            **({"DATABASE_URL": database_url} if database_url else {}),
        }
        self._app = create_app(read_settings(self._environment))
        self._numbers = count(1)
        self.gateway_key = ""

    # --- Its processes ------------------------------------------------------------------------

    def billing(self, *arguments: str) -> str:
        """Run a command of the command line to its end, and return what it printed."""
        ended = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        said = f"billing {' '.join(arguments)} ended with {ended.returncode}:\n{ended.stderr}"
        assert ended.returncode == 0, said + ended.stdout
        return ended.stdout

    @contextmanager
    def programs(self, *names: str) -> Iterator[None]:
        """Run `billing NAME` of each beside the test; what they print stands in files."""
        children: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name in names:
                children[name] = self._start(name)
            yield
            for name, child in children.items():
                assert child.poll() is None, f"{name} has ended:\n{self.printed(name)}"
        finally:
            for child in children.values():
                child.terminate()
            for child in children.values():
                _end(child)
        # What programs log is read by more people than whom it is about.
        for name in children.keys() & LOGGING:
            found = list(leaks(self.printed(name)))
            assert not found, f"{name} has logged {found}:\n{self.printed(name)}"

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.txt").open("wb") as printed:
            return subprocess.Popen(
                [*COMMAND, name],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def printed(self, name: str) -> str:
        """Return what a program has printed so far."""
        return (self.folder / f"{name}.txt").read_text()

    def wait_until_ready(self) -> None:
        """Wait until a customer can come."""
        ready = {
            "serve": lambda: _answers(f"{self.address}/readyz"),
            "sandbox": lambda: _answers(f"{self.sandbox}/healthz"),
            "worker": lambda: AT_WORK in self.printed("worker"),
        }
        for name, is_ready in ready.items():
            wait_until(is_ready, READY_WITHIN_SECONDS, lambda name=name: self.printed(name))

    def broken_invariants(self) -> list[str]:
        """Return what `billing verify` would print, of the database as it is now."""
        with self._app.app_context():
            return verify_books()

    def inside(self) -> AppContext:
        """Look at the database, or write to it, as one of the programs does."""
        return self._app.app_context()

    def pages(self) -> list[Rule]:
        """Return every address that can be asked for, as patterns."""
        return [rule for rule in self._app.url_map.iter_rules() if "GET" in (rule.methods or ())]

    def endpoint_at(self, address: str) -> str:
        """Return what answers there."""
        return str(self._app.url_map.bind("").match(address.partition("?")[0])[0])

    def close(self) -> None:
        """Let go of the database."""
        with self._app.app_context():
            db.session.remove()
            db.engine.dispose()

    # --- Its programs' side -------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        *,
        key: str,
        body: object = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Call the JSON API, and return what it answered; amounts are exact."""
        answer = requests.request(
            method,
            f"{self.address}/v1/billing/{path}",
            params=query,
            json=body,
            headers={"Authorization": f"Bearer {key}"},
            timeout=ANSWER_SECONDS,
        )
        assert answer.ok, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def report(self, user_id: str, **changes: object) -> None:
        """Report a request of the customer's, as the gateway does: 500 + 120 tokens of gpt-4."""
        record = {
            "user_id": user_id,
            "request_id": f"req-{next(self._numbers)}",
            "model": "gpt-4",
            "provider": "openai",
            "prompt_tokens": 500,
            "completion_tokens": 120,
            **changes,
        }
        answer = self.call("POST", "usage", key=self.gateway_key, body=record)
        assert answer["accepted"] == 1, answer

    # --- Its customers ------------------------------------------------------------------------

    def open(self) -> None:
        """Give the gateway its key."""
        with self._app.app_context(), transaction():
            made = accounts.make_key(KeyKind.GATEWAY, name="gateway", now=clock.now())
        self.gateway_key = made.text

    def customer(self, name: str, *, language: str = ENGLISH) -> Customer:
        """Open an account for somebody, with an API key."""
        email = f"{name}-{next(self._numbers)}@example.com"
        now = clock.now()
        with self._app.app_context(), transaction():
            account = sign_up(email, password=PASSWORD, locale=language, now=now)
            key = accounts.make_key(KeyKind.CUSTOMER, name=name, user_id=account.id, now=now)
            return Customer(account.id, email, key.text)

    def use(self, customer: Customer, month: BillingMonth) -> None:
        """Let the customer use 15 USD worth of gpt-4 in a month that is over."""
        at = month.period.starts_at + timedelta(days=3)
        tokens = {"prompt_tokens": 500_000, "completion_tokens": 0}
        self.report(customer.user_id, occurred_at=at.isoformat(), **tokens)

    def invoice(self, customer: Customer, *, month: BillingMonth | None = None) -> str:
        """Let the customer owe 15 USD, and return the number of the invoice."""
        month = month or months_ago(2)
        self.use(customer, month)
        body = {"billing_month": str(month)}
        made = self.call("POST", "invoices/generate", key=customer.api_key, body=body)
        return made["invoice_number"]

    def status_of(self, customer: Customer, invoice_number: str) -> str:
        """Return where the invoice stands, as the customer's program sees it."""
        return self.call("GET", f"invoices/{invoice_number}", key=customer.api_key)["status"]

    def coupon(self, code: str, *, basis_points: int) -> None:
        """Offer a coupon that takes a part of one invoice off."""
        now = clock.now()
        coupon = Coupon(
            code=code,
            type="percentage",
            value=basis_points,
            max_uses=10,
            valid_from=now,
            expires_at=now + timedelta(days=30),
            created_by="olga",
            created_at=now,
            updated_at=now,
        )
        with self._app.app_context(), transaction():
            session.add(coupon)

    # --- Its payment provider -----------------------------------------------------------------

    def turn(self, **knobs: object) -> None:
        """Let something go wrong at the provider."""
        _post(f"{self.sandbox}/sandbox/knobs", knobs)

    def let_everything_go_right(self) -> None:
        """Turn all knobs back."""
        _post(f"{self.sandbox}/sandbox/knobs/reset", {})

    def events_told_about(self, payment_id: str) -> list[str]:
        """Return which of the provider's events about a payment have reached us."""
        with self._app.app_context():
            rows = session.query(ProviderEvent.event_type, ProviderEvent.body).all()
        return [event_type for event_type, body in rows if payment_id.encode() in body]


@contextmanager
def running_installation(folder: Path, *, database_url: str = "") -> Iterator[Installation]:
    """Run an installation that is empty at first; its books are right at the end."""
    with closing(Installation(folder, database_url=database_url)) as installation:
        installation.billing("db", "upgrade")
        with installation.programs("sandbox", "worker", "serve"):
            installation.wait_until_ready()
            installation.open()
            yield installation
        assert installation.broken_invariants() == []


def months_ago(number: int) -> BillingMonth:
    """Return a month that is over for long enough to be invoiced."""
    return BillingMonth.of(clock.now()).plus(-number)


def wait_until(
    is_so: Callable[[], bool], seconds: float, what_else: Callable[[], object] = lambda: ""
) -> None:
    """Wait for it, not for ever."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so after {seconds} s: {what_else()}"
        time.sleep(LOOK_EVERY_SECONDS)


def _post(url: str, body: Mapping[str, object]) -> None:
    requests.post(url, json=body, timeout=ANSWER_SECONDS).raise_for_status()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=ANSWER_SECONDS).ok
    except requests.RequestException:
        return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """See that a program that was told to end has ended, and all that it started."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=END_WITHIN_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
