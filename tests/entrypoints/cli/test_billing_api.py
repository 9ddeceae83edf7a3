"""The API's client: patient with what passes, quick to give up on what does not."""

import json
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from app.entrypoints.cli import billing_api
from app.entrypoints.cli.billing_api import BillingApi
from app.entrypoints.cli.errors import Failed

TAKEN = {"accepted": 1, "duplicates": 0, "conflicts": 0, "rejected": []}


class Stub:
    """A server that answers what it was told to, in that order, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[Response | Exception] = []
        self.sent: list[Request] = []

    def __call__(self, environ, start_response):
        request = Request(environ)
        request.get_data()
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(environ, start_response)


@pytest.fixture
def stub(monkeypatch) -> Iterator[Stub]:
    stub = Stub()
    server = make_server("127.0.0.1", 0, stub, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.port}"
    monkeypatch.setattr(billing_api, "WAIT_FIRST_SECONDS", 0.01)
    yield stub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api(stub) -> Iterator[BillingApi]:
    api = BillingApi(stub.url, "obl_gw_key")
    yield api
    api.close()


def answer(body: object, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status, named)


class TestPostUsage:
    def test_posts_as_a_gateway_and_reads_the_answer(self, api, stub) -> None:
        rejected = [
            {"index": 1, "request_id": "b", "code": "negative_tokens", "detail": "Below 0."}
        ]
        stub.answers = [
            answer({"accepted": 3, "duplicates": 2, "conflicts": 1, "rejected": rejected})
        ]
        posted = api.post_usage([{"request_id": "a"}])
        assert (posted.accepted, posted.duplicates, posted.conflicts) == (3, 2, 1)
        assert posted.rejected == [("negative_tokens", "Below 0.")]
        [request] = stub.sent
        assert request.path == "/v1/billing/usage"
        assert request.headers["Authorization"] == "Bearer obl_gw_key"
        assert request.get_json() == {"records": [{"request_id": "a"}]}

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_tries_again_while_the_server_is_busy(self, api, stub, status) -> None:
        stub.answers = [answer({}, status), answer({}, status), answer(TAKEN)]
        assert api.post_usage([{}]).accepted == 1
        assert len(stub.sent) == 3

    def test_waits_as_long_as_it_is_asked_to(self, api, stub, monkeypatch) -> None:
        waited: list[float] = []
        monkeypatch.setattr("time.sleep", waited.append)
        stub.answers = [answer({}, 429, Retry_After="2"), answer(TAKEN)]
        api.post_usage([{}])
        assert waited == [2]

    def test_tries_again_after_a_lost_connection(self, api, stub) -> None:
        stub.answers = [answer(TAKEN), answer(TAKEN, Content_Length="999"), answer(TAKEN)]
        api.post_usage([{}])
        assert api.post_usage([{}]).accepted == 1

    def test_gives_up_on_a_refusal(self, api, stub) -> None:
        stub.answers = [answer({"detail": "This key is not known."}, 401)]
        with pytest.raises(Failed, match="refuses: This key is not known"):
            api.post_usage([{}])
        assert len(stub.sent) == 1

    def test_gives_up_on_a_server_that_is_none_of_ours(self, api, stub) -> None:
        stub.answers = [Response("<h1>Hello</h1>")]
        with pytest.raises(Failed, match="does not answer like a billing server"):
            api.post_usage([{}])

    def test_gives_up_when_patience_ends(self, stub, monkeypatch) -> None:
        monkeypatch.setattr(billing_api, "PATIENCE_AT_FIRST_SECONDS", 0.05)
        api = BillingApi("http://127.0.0.1:1", "obl_gw_key")
        with pytest.raises(Failed, match=r"http://127\.0\.0\.1:1 cannot be reached"):
            api.post_usage([{}])

    def test_asks_whether_waiting_makes_sense(self, stub) -> None:
        def not_any_more() -> None:
            raise Failed("The server has ended.")

        impatient: Callable[[], None] = not_any_more
        api = BillingApi("http://127.0.0.1:1", "obl_gw_key", while_waiting=impatient)
        with pytest.raises(Failed, match="has ended"):
            api.post_usage([{}])


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://here", "http://", "http://[", "http://a:x"]
)
def test_an_address_that_is_none_is_refused(url) -> None:
    with pytest.raises(Failed, match="is no address"):
        BillingApi(url, "obl_gw_key")
