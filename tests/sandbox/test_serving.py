"""The sandbox as a program: it keeps everything, serves many, and ends when told."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettingError, SandboxSettings
from tests.sandbox.receiver import Receiver, until
from tests.sandbox.shopping import client_of, open_session, pay, visit

ROOT = Path(__file__).resolve().parents[2]
SERVE = "import os; from app.sandbox.settings import read_sandbox_settings as read; "
SERVE += "from app.sandbox.serving import serve; serve(read(os.environ))"


class TestRestart:
    def test_loses_nothing(self, tmp_path: Path) -> None:
        settings = SandboxSettings(database=tmp_path / "kept.sqlite3", port=0)
        with running(settings) as url:
            api = client_of(url)
            options = {"idempotency_key": "once"}
            customer = api.v1.customers.create(params={"name": "Ada"}, options=options)
            session = open_session(api, customer=customer.id)
            pay(session.url, "4000000000000002")
            requests.post(f"{url}/sandbox/knobs", json={"webhook_copies": 2}, timeout=10)
            events = [event.id for event in api.v1.events.list().data]
        with running(settings) as url:
            api = client_of(url)
            assert api.v1.customers.create(params={"name": "Ada"}, options=options) == customer
            assert [event.id for event in api.v1.events.list().data] == events
            assert requests.get(f"{url}/sandbox/knobs", timeout=10).json()["webhook_copies"] == 2
            assert pay(f"{url}/c/pay/{session.id}").status_code == 303
            found = api.v1.checkout.sessions.retrieve(session.id, params={"expand": ["line_items"]})
            assert found.payment_status == "paid" and found.line_items.data[0].quantity == 1

    def test_sends_what_was_left(self, serve, receiver: Receiver, tmp_path: Path) -> None:
        settings = SandboxSettings(
            database=tmp_path / "sandbox.sqlite3",
            port=0,
            webhook_url="http://127.0.0.1:9/",
            webhook_secret="whsec_only_for_tests",
            webhook_retry_seconds=(0.3,) * 20,
        )
        with running(settings) as url:
            client_of(url).v1.customers.create(params={"name": "Ada"})
        serve()
        assert b'"Ada"' in receiver.wait_for(1)[0].body


class TestTime:
    def test_closes_sessions_that_nobody_looks_at(self, serve, receiver: Receiver) -> None:
        ahead = [0]
        api = client_of(serve(clock=lambda: time.time() + ahead[0]))
        session = open_session(api, expires_at=int(time.time()) + 1800)
        ahead[0] = 1801
        assert b"checkout.session.expired" in receiver.wait_for(1)[0].body
        assert api.v1.checkout.sessions.retrieve(session.id).status == "expired"

    def test_closes_them_before_anybody_can_pay(self, serve) -> None:
        now = [time.time()]
        api = client_of(serve(clock=lambda: now[0], webhook_url=""))
        session = open_session(api, expires_at=int(now[0]) + 1800)
        now[0] += 1799
        assert visit(session.url).status_code == 200
        now[0] += 1
        assert pay(session.url).status_code == 410
        found = api.v1.checkout.sessions.retrieve(session.id)
        assert (found.status, found.payment_status) == ("expired", "unpaid")
        expired = api.v1.events.list(params={"type": "checkout.session.expired"}).data
        assert [event.data.object.id for event in expired] == [session.id]

    def test_leaves_sessions_that_are_paid(self, serve) -> None:
        now = [time.time()]
        api = client_of(serve(clock=lambda: now[0], webhook_url=""))
        session = open_session(api)
        pay(session.url)
        now[0] += 2 * 24 * 60 * 60
        assert api.v1.checkout.sessions.retrieve(session.id).status == "complete"


class TestClients:
    def test_serves_several_at_once(self, api) -> None:
        def shop(number: int) -> tuple[str, int]:
            session = open_session(api, client_reference_id=f"shop-{number}")
            pay(session.url)
            found = api.v1.checkout.sessions.retrieve(session.id)
            return found.payment_status, found.amount_total

        with ThreadPoolExecutor(12) as pool:
            assert list(pool.map(shop, range(36))) == [("paid", 2000)] * 36

    def test_is_not_held_up_by_a_slow_answer(self, api, sandbox_url: str) -> None:
        slow = {"answer_delay_seconds": 2}
        requests.post(f"{sandbox_url}/sandbox/knobs", json=slow, timeout=10)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(api.v1.customers.create, params={})
            began = time.monotonic()
            api.v1.customers.list()
            assert time.monotonic() - began < 1.5 and not waiting.done()
            assert waiting.result().id


class TestProgram:
    def test_runs_from_the_environment_and_ends_when_told(self, tmp_path: Path) -> None:
        with running(SandboxSettings(database=tmp_path / "other.sqlite3", port=0)) as url:
            free_port = url.rpartition(":")[2]
        environment = {**os.environ, "INSTANCE_DIR": str(tmp_path), "SANDBOX_PORT": free_port}
        program = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=environment)
        try:
            until(lambda: is_up(url))
            assert client_of(url).v1.customers.create(params={}).id
            program.send_signal(signal.SIGTERM)
            assert program.wait(timeout=10) == 0
        finally:
            program.kill()
            program.wait()
        assert (tmp_path / "sandbox.sqlite3").exists()

    def test_says_that_a_port_is_taken(self, sandbox_url: str, tmp_path: Path) -> None:
        port = int(sandbox_url.rpartition(":")[2])
        settings = SandboxSettings(database=tmp_path / "other.sqlite3", port=port)
        with pytest.raises(SandboxSettingError, match=f"port {port}"), running(settings):
            pass

    def test_listens_where_it_is_told(self, tmp_path: Path) -> None:
        for host in ("127.0.0.1", "127.0.0.9", "localhost", "::1"):
            settings = SandboxSettings(database=tmp_path / "x.sqlite3", port=0, host=host)
            with running(settings) as url:
                assert is_up(url), host


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).json() == {"status": "ok"}
    except requests.ConnectionError:
        return False


def test_every_object_that_was_kept_is_as_the_sdk_declares_it(api, customer) -> None:
    """The client holds each page against the types; here everything is read, of all tests."""
    later = {"setup_future_usage": "off_session"}
    session = open_session(api, customer=customer.id, payment_intent_data=later)
    for number in ("4000000000000002", "4242424242424242"):
        pay(session.url, number)
    intent = api.v1.checkout.sessions.retrieve(session.id).payment_intent
    api.v1.refunds.create(params={"payment_intent": intent, "amount": 500})
    v1 = api.v1
    services = (v1.events, v1.checkout.sessions, v1.payment_intents, v1.charges, v1.refunds)
    for service in (*services, v1.customers, v1.payment_methods):
        assert list(service.list(params={"limit": 100}).auto_paging_iter())
