"""Jobs at the console: how far each is, and trying one again."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.entrypoints.jobs.promises import KEPT_BY
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.entrypoints.web.operator.job_words import KINDS
from app.foundation import clock, outbox
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from tests.entrypoints.web.conftest import HTMX, words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.statements import statements

JOBS = "/operator/jobs"
STATEMENTS_MAX = 4
HOUR = timedelta(hours=1)


def at_work(number: int) -> None:
    """Let a worker have taken a job just now."""
    with transaction():
        session.get_one(OutboxEntry, number).attempts = 1
        session.get_one(OutboxEntry, number).next_try_at = clock.now() + outbox.LEASE


def listed(browser: FlaskClient, **asked: object) -> str:
    """Return what the page says of the jobs that were asked for."""
    answer = browser.get(JOBS, query_string=asked)
    assert answer.status_code == 200
    return words(answer.text)


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
        page = listed(olgas, state="failed")
        assert "Send a mail Mail no. 0" in page and "The server said &lt;no&gt;." in page
        assert "7 tries so far" in page and "under a minute ago" in page
        assert "fresh" not in page and "done" not in page.split("Mail no.")[1]

    def test_shows_all_that_is_not_done(self, olgas: FlaskClient) -> None:
        make_failed()
        page = listed(olgas)
        assert "Mail no. 0" in page and "Customer fresh waiting" in page
        assert "Customer done" not in page

    def test_chooses_by_state(self, olgas: FlaskClient) -> None:
        with transaction():
            ids = [
                outbox.add("check_alerts", {"user_id": name}, now=clock.now() - ahead)
                for name, ahead in (("busy", 0 * HOUR), ("slow", 3 * HOUR), ("next", 0 * HOUR))
            ]
            session.flush()
            ids = [each.id for each in ids]
        at_work(ids[0])
        for state, name in (("running", "busy"), ("stuck", "slow"), ("waiting", "next")):
            page = listed(olgas, state=state)
            assert f"Customer {name}" in page, state
            assert sum(f"Customer {other}" in page for other in ("busy", "slow", "next")) == 1
        assert "No job is in this state" in listed(olgas, state="failed")
        page = listed(olgas, state="stuck")
        assert "3 hours ago" in page and "is the worker running?" in page and "Try now" not in page

    def test_says_that_nothing_is_left(self, olgas: FlaskClient) -> None:
        assert "Nothing is left to do" in olgas.get(JOBS).text
        assert "Nothing is left to do" in olgas.get(f"{JOBS}?state=nonsense").text
        assert "There are no older ones" in olgas.get(f"{JOBS}?before=1").text

    def test_tells_nothing_of_sealed_links(self, olgas: FlaskClient) -> None:
        payload = {"email": "new@example.com", "sealed_link": "gAAAA", "address": "192.0.2.1"}
        with transaction():
            outbox.add("send_email_confirmation", payload, now=clock.now())
        page = listed(olgas)
        assert "Send a link to a new mail address Mail address new@example.com" in page
        assert "gAAAA" not in page and "192.0.2.1" not in page

    def test_knows_every_kind(self) -> None:
        assert set(KEPT_BY) == set(KINDS)

    def test_shows_a_kind_that_has_no_words(self, olgas: FlaskClient) -> None:
        make_failed("something_new")
        assert "something_new" in olgas.get(JOBS).text

    def test_goes_on_to_older_ones(self, olgas: FlaskClient) -> None:
        ids = make_failed(count=ROWS_PER_PAGE + 1)
        with statements() as sent:
            page = olgas.get(f"{JOBS}?state=failed").text
        assert len(sent) <= STATEMENTS_MAX, sent
        assert re.findall(r"/jobs/(\d+)/retry", page) == [str(each) for each in ids[:0:-1]]
        address = re.search(r'href="(/operator/jobs\?[^"]*before=\d+)"', page)[1]
        older = olgas.get(address.replace("&amp;", "&"), headers=HTMX).text
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
