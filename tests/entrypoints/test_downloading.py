"""Whoever takes a file in slowly, or not at all, leaves threads to all others."""

from collections.abc import Iterator
from functools import partial

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.downloading import DOWNLOADS, OF_AN_ACCOUNT_MAX, Downloads, download
from app.entrypoints.limiting import TooManyRequests
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer
from tests.threads import in_parallel

RECORDS = "/v1/billing/usage/records"


@pytest.fixture
def downloads(app) -> Downloads:
    app.extensions[DOWNLOADS] = Downloads(most=3)
    return app.extensions[DOWNLOADS]


def pieces() -> Iterator[str]:
    yield "a"
    yield "b"


class TestDownload:
    def test_gives_an_account_two_at_a_time(self, downloads: Downloads) -> None:
        both = [download(pieces(), user_id="ada") for _ in range(OF_AN_ACCOUNT_MAX)]
        with pytest.raises(TooManyRequests) as refused:
            download(pieces(), user_id="ada")
        assert refused.value.retry_after_seconds > 0
        download(pieces(), user_id="ben")
        assert [list(each) for each in both] == [["a", "b"], ["a", "b"]]
        assert list(download(pieces(), user_id="ada")) == ["a", "b"]

    @pytest.mark.parametrize(("names", "let"), [(["ada"], 2), (["ada", "ben", "cleo"], 3)])
    def test_counts_all_who_begin_at_the_same_moment(
        self, app: Flask, downloads: Downloads, names: list[str], let: int
    ) -> None:
        def begin(name: str) -> bool:
            try:
                downloads.begin(name)
            except TooManyRequests:
                return False
            return True

        begun = [partial(begin, names[n % len(names)]) for n in range(32)]
        assert sum(in_parallel(app, begun)) == let

    def test_leaves_threads_to_others(self, downloads: Downloads) -> None:
        held = [download(pieces(), user_id=name) for name in ("ada", "ada", "ben")]
        with pytest.raises(TooManyRequests):
            download(pieces(), user_id="cleo")
        held[0].close()
        assert list(download(pieces(), user_id="cleo")) == ["a", "b"]

    @pytest.mark.parametrize("taken", [0, 1, 2])
    def test_ends_once_however_the_client_goes(self, downloads: Downloads, taken: int) -> None:
        for _ in range(5):
            going = download(pieces(), user_id="ada")
            for _ in range(taken):
                next(going)
            going.close()
            going.close()
        lost = download(pieces(), user_id="ada")
        del lost
        both = [download(pieces(), user_id="ada") for _ in range(2)]
        with pytest.raises(TooManyRequests):
            download(pieces(), user_id="ada")
        assert len(both) == 2

    def test_ends_where_the_file_cannot_be_made(self, downloads: Downloads) -> None:
        def broken() -> Iterator[str]:
            yield "a"
            raise ZeroDivisionError

        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                list(download(broken(), user_id="ada"))


def test_programs_are_told_when_to_come_back(
    app: Flask, ada: Account, downloads: Downloads
) -> None:
    # One that reads no answers by itself.
    client = FlaskClient(app, Response)
    headers = {**bearer(KeyKind.CUSTOMER, user_id="ada"), "Accept": "text/csv"}
    # Nothing of it is read: the client does not take it in.
    held = [client.get(RECORDS, headers=headers, buffered=False) for _ in range(2)]
    assert [each.status_code for each in held] == [200, 200]
    refused = client.get(RECORDS, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    held.pop().close()
    assert client.head(RECORDS, headers=headers).status_code == 200
    assert client.get(RECORDS, headers=headers).data
    assert client.get(RECORDS, headers=headers).data
    held.pop().close()
