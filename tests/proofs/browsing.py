"""Customers who look around: their pages, their programs' questions, their files."""

import random
import re

import requests

from tests.proofs.gateway_client import GatewayClient

ANSWER_SECONDS = 60
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
PAGES = ("/", "/usage", "/plans", "/coupons", "/invoices", "/tokens", "/alerts", "/settings")
QUESTIONS = (
    "/stats",
    "/usage?granularity=hour&group_by=api_key",
    "/usage?granularity=day",
    "/usage/records?limit=500",
    "/invoices?page_size=100",
    "/subscription",
    "/quota-warning",
)


class Browser:
    """A customer's browser."""

    def __init__(self, address: str, email: str, password: str) -> None:
        self._address, self._session = address, requests.Session()
        self._form = {"email": email, "password": password}

    def __enter__(self) -> "Browser":
        """Sign in."""
        self._sign_in()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the window."""
        self._session.close()

    def look(self, dice: random.Random) -> None:
        """Look at a page, or take a file away."""
        page = dice.choice((*PAGES, "/usage/export.csv"))
        answer = self._get(page)
        if answer.url.startswith(f"{self._address}/login"):
            # By the clock that hurries he has been away for weeks.
            self._sign_in()

    def _sign_in(self) -> None:
        token = CSRF.search(self._get("/login").text)
        assert token is not None
        form = {**self._form, "csrf_token": token[1]}
        url = f"{self._address}/login"
        answer = self._session.post(url, data=form, timeout=ANSWER_SECONDS)
        assert answer.ok and not answer.url.endswith("/login"), answer.status_code

    def _get(self, path: str) -> requests.Response:
        answer = self._session.get(f"{self._address}{path}", timeout=ANSWER_SECONDS)
        assert answer.ok or answer.status_code == 429, (path, answer.status_code)
        return answer


def ask(program: GatewayClient, dice: random.Random) -> None:
    """Ask one of the questions that customers' programs ask, and for the PDF of an invoice."""
    status, answered = program.call("GET", f"/v1/billing{dice.choice(QUESTIONS)}")
    assert status in (200, 429), answered
    for reference in re.findall(rb'"id":"(inv-[^"]+)"', answered)[:1]:
        status, _ = program.call("GET", f"/v1/billing/invoices/{reference.decode()}/pdf")
        assert status in (200, 404, 409, 429)
