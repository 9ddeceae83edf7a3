"""Certificates come from PayPal, once; whoever names another address is not listened to."""

from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from app.adapters.paypal_certificates import Certificates, fetch, is_local
from app.domain.payments.errors import ProviderUnreachable, SignatureInvalid
from app.foundation import clock
from app.sandbox.paypal.signing import Signer

LIVE, SANDBOX, LOCAL = (
    "https://api-m.paypal.com",
    "https://api-m.sandbox.paypal.com",
    "http://127.0.0.1:8001",
)
PATH = "/v1/notifications/certs/"


@dataclass
class Shelf:
    """A stand-in for the network that remembers what it was asked for."""

    signer: Signer
    asked: list[str] = field(default_factory=list)

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        found = self.signer.certificates(url.rpartition("/")[2])
        if found is None:
            raise SignatureInvalid("There is none.")
        return found


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture
def shelf(signer: Signer) -> Shelf:
    return Shelf(signer)


class TestCheckUrl:
    @pytest.mark.parametrize(
        ("base", "url"),
        [
            (LIVE, f"https://api.paypal.com{PATH}CERT-1"),
            (LIVE, f"https://api-m.paypal.com{PATH}CERT-360caa42-fca2a594-a5cafa77"),
            (SANDBOX, f"https://api.sandbox.paypal.com{PATH}CERT-1"),
            (SANDBOX, f"https://api-m.sandbox.paypal.com{PATH}CERT-1"),
            (LOCAL, f"http://127.0.0.1:8001{PATH}CERT-1"),
            (LOCAL, f"http://localhost:8001{PATH}CERT-1"),
            ("http://localhost:8001", f"http://127.0.0.1:8001{PATH}CERT-1"),
        ],
    )
    def test_takes_paypals_addresses(self, base: str, url: str) -> None:
        Certificates(api_base=base).check_url(url)

    @pytest.mark.parametrize(
        ("base", "url"),
        [
            (LIVE, f"http://api.paypal.com{PATH}CERT-1"),
            (LIVE, f"https://api.sandbox.paypal.com{PATH}CERT-1"),
            (SANDBOX, f"https://api.paypal.com{PATH}CERT-1"),
            (LIVE, f"https://api.paypal.com.evil.example{PATH}CERT-1"),
            (LIVE, f"https://evil.example/https://api.paypal.com{PATH}CERT-1"),
            (LIVE, f"https://api.paypal.com@evil.example{PATH}CERT-1"),
            (LIVE, f"https://evil.example#https://api.paypal.com{PATH}CERT-1"),
            (LIVE, f"https://api.paypal.com:444{PATH}CERT-1"),
            (LIVE, f"https://API.paypal.com{PATH}CERT-1"),
            (LIVE, f"https://api.paypal.com{PATH}"),
            (LIVE, f"https://api.paypal.com{PATH}../../v1/oauth2/token"),
            (LIVE, f"https://api.paypal.com{PATH}CERT-1?x=y"),
            (LIVE, f"https://api.paypal.com{PATH}CERT-1\n"),
            (LIVE, f"https://api.paypal.com{PATH}CERT%2D1"),
            (LIVE, f"https://api.paypal.com{PATH}{'a' * 129}"),
            (LIVE, "https://api.paypal.com/elsewhere/CERT-1"),
            (LIVE, f"file://{PATH}CERT-1"),
            (LIVE, f"http://127.0.0.1:8001{PATH}CERT-1"),
            (SANDBOX, f"http://localhost:8001{PATH}CERT-1"),
            (LOCAL, f"http://127.0.0.1:8002{PATH}CERT-1"),
            (LOCAL, f"http://10.0.0.1:8001{PATH}CERT-1"),
            (LOCAL, f"https://api.paypal.com{PATH}CERT-1"),
            (LOCAL, f"http://127.0.0.1:99999999{PATH}CERT-1"),
            (LOCAL, f"http://a@127.0.0.1:8001{PATH}CERT-1"),
            (LOCAL, f"http://[::1{PATH}CERT-1"),
            (LIVE, ""),
        ],
    )
    def test_refuses_all_others_without_asking_there(
        self, base: str, url: str, shelf: Shelf
    ) -> None:
        certificates = Certificates(api_base=base, fetch=shelf)
        with pytest.raises(SignatureInvalid):
            certificates.certificate(url, now=clock.now())
        assert shelf.asked == []


class TestCertificate:
    def test_is_fetched_once(self, signer: Signer, shelf: Shelf) -> None:
        certificates = Certificates(api_base=LOCAL, fetch=shelf)
        url = f"{LOCAL}{PATH}{signer.certificate_id}"
        found = {certificates.certificate(url, now=clock.now()) for _ in range(3)}
        assert len(found) == 1
        assert shelf.asked == [url, f"{LOCAL}{PATH}root"]

    def test_is_looked_at_each_time(self, signer: Signer, shelf: Shelf) -> None:
        certificates = Certificates(api_base=LOCAL, fetch=shelf)
        url = f"{LOCAL}{PATH}{signer.certificate_id}"
        certificates.certificate(url, now=clock.now())
        with pytest.raises(SignatureInvalid):
            certificates.certificate(url, now=clock.now() + timedelta(days=366))

    def test_must_lead_to_a_root_that_browsers_trust(self, signer: Signer, shelf: Shelf) -> None:
        certificates = Certificates(api_base=LIVE, fetch=shelf)
        with pytest.raises(SignatureInvalid):
            certificates.certificate(f"{LIVE}{PATH}{signer.certificate_id}", now=clock.now())

    def test_keeps_only_so_many(self, signer: Signer) -> None:
        asked: list[str] = []

        def any_id(url: str) -> bytes:
            asked.append(url)
            id = "root" if url.endswith("root") else signer.certificate_id
            return signer.certificates(id) or b""

        certificates = Certificates(api_base=LOCAL, fetch=any_id)
        for number in (*range(9), 0):
            certificates.certificate(f"{LOCAL}{PATH}CERT-{number}", now=clock.now())
        assert asked.count(f"{LOCAL}{PATH}CERT-0") == 2


class TestFetch:
    @pytest.fixture
    def answering(self):
        servers = []

        def answer(status: int, body: bytes = b"", **headers: str) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_: object) -> None:
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            thread = Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            servers.append((server, thread))
            return f"http://127.0.0.1:{server.server_port}/"

        yield answer
        for server, thread in servers:
            server.shutdown()
            thread.join()
            server.server_close()

    def test_returns_what_stands_there(self, answering) -> None:
        assert fetch(answering(200, b"pem")) == b"pem"

    def test_reads_no_more_than_a_chain_is_long(self, answering) -> None:
        assert len(fetch(answering(200, b"x" * 70_000))) == 64 * 1024

    def test_tells_what_is_not_there(self, answering) -> None:
        with pytest.raises(SignatureInvalid):
            fetch(answering(404))

    @pytest.mark.parametrize("status", [302, 403, 500])
    def test_comes_back_for_what_was_not_shown(self, answering, status: int) -> None:
        with pytest.raises(ProviderUnreachable):
            fetch(answering(status, Location="http://127.0.0.1:9/"))

    def test_comes_back_when_nobody_is_there(self) -> None:
        with pytest.raises(ProviderUnreachable):
            fetch("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:8001", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://127.0.0.1:8001/path", False),
        ("http://localhost.example.com", False),
        ("https://api-m.paypal.com", False),
        ("", False),
    ],
)
def test_knows_what_is_local(address: str, expected: bool) -> None:
    assert is_local(address) is expected
