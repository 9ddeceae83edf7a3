"""Failed jobs at the console, and trying one again."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock, outbox
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.statements import statements

JOBS = "/operator/jobs"
STATEMENTS_MAX = 4


def make_failed(kind: str = "send_mail", *, count: int = 1) -> list[int]:
    """Make jobs that have failed once, one that did not, and one that is done."""
    now = clock.now()
    with transaction():
        outbox.add("check_alerts", {"user_id": "fresh"}, now=now)
        outbox.finish(outbox.add("check_alerts", {"user_id": "done"}, now=now), now=now)
        failed = [outbox.add(kind, {"mail": number}, now=now) for number in range(count)]
        session.flush()
        for entry in failed:
            entry.attempts = 7
            outbox.postpone(entry, reason="The server said <no>.", now=now)
    return [entry.id for entry in failed]


class TestIndex:
    def test_says_what_is_in_the_way(self, olgas: FlaskClient) -> None:
        make_failed()
        page = words(olgas.get(JOBS).text)
        assert "Send a mail mail 0" in page and "The server said &lt;no&gt;." in page
        assert "7 tries so far" in page and "fresh" not in page and "done" not in page

    def test_says_that_none_has_failed(self, olgas: FlaskClient) -> None:
        assert "No job has failed" in olgas.get(JOBS).text
        assert "There are no older ones" in olgas.get(f"{JOBS}?before=1").text

    def test_shows_a_kind_that_has_no_words(self, olgas: FlaskClient) -> None:
        make_failed("something_new")
        assert "something_new" in olgas.get(JOBS).text

    def test_goes_on_to_older_ones(self, olgas: FlaskClient) -> None:
        ids = make_failed(count=ROWS_PER_PAGE + 1)
        with statements() as sent:
            page = olgas.get(JOBS).text
        assert len(sent) <= STATEMENTS_MAX, sent
        assert re.findall(r"/jobs/(\d+)/retry", page) == [str(each) for each in ids[:0:-1]]
        older = olgas.get(f"{JOBS}?before={ids[1]}", headers=HTMX).text
        assert re.findall(r"/jobs/(\d+)/retry", older) == [str(ids[0])]


class TestRetry:
    def test_makes_it_due_now(self, olgas: FlaskClient) -> None:
        [job_id] = make_failed()
        answer = olgas.post(f"{JOBS}/{job_id}/retry")
        assert (answer.status_code, answer.location) == (303, JOBS)
        assert f"The worker tries job {job_id} again." in olgas.get(JOBS).text
        entry = session.get(OutboxEntry, job_id)
        assert entry.next_try_at <= clock.now() < entry.next_try_at + timedelta(minutes=1)
        assert acts_of_olga() == [("job_retried", {"job": job_id, "kind": "send_mail"})]

    def test_knows_only_what_has_failed(self, olgas: FlaskClient) -> None:
        [job_id] = make_failed()
        for other in (job_id - 1, job_id - 2, job_id + 1, 2**63 - 1):
            answer = olgas.post(f"{JOBS}/{other}/retry")
            assert answer.status_code == 404 and "There is no failed job" in answer.text
        assert acts_of_olga() == []

    @pytest.mark.parametrize("name", ["x", "-1", "99999999999999999999"])
    def test_nonsense_is_no_job(self, olgas: FlaskClient, name: str) -> None:
        assert olgas.post(f"{JOBS}/{name}/retry").status_code == 404
