"""What gateways have sent, posted to us as it came: taken, told apart, and counted once."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.usage.models import BillingRecord
from app.foundation import clock
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.gateways import captures
from tests.gateways.captures import KEYS_OF_OUR_OWN, NO_KEYS, SDK, Sent

LITELLM = "/v1/billing/usage/litellm?verbose=1"
EVENTS, BATCH = "/api/v1/events", "/api/v1/events/batch"
# When all of them had been caught.
LATER = datetime(2026, 11, 27, tzinfo=UTC)
# Whom a LiteLLM without a database calls everyone.
NOBODY = "default_user_id"
# What each record holds: whose, the model, prompt, cached, written, completion, nanos or None.
Row = tuple[str, str, int, int, int, int, int | None]
GPT_4O = ("gpt-4o", 2006, 1920, 0, 300, 5_615_000)
MINI = ("gpt-4o-mini", 2006, 1920, 0, 300, 336_900)
MINI_SHORT = ("gpt-4o-mini", 10, 0, 0, 20, 13_500)
SONNET = ("claude-sonnet-4-5", 9250, 8000, 1200, 400, 13_050_000)
# The same without their cached tokens, which these formats do not carry.
GPT_4O_PLAIN = ("gpt-4o", 2006, 0, 0, 300, 8_015_000)
SONNET_PLAIN = ("claude-sonnet-4-5", 9250, 0, 0, 400, 33_750_000)
ONE_SIDE = ("gpt-4o", 0, 0, 0, 123, 1_230_000)
GPT_4O_SHORT = ("gpt-4o", 7, 0, 0, 3, 47_500)
UNKNOWN = ("house-model", 7, 0, 0, 3, None)
EMBEDDING = ("text-embedding-3-small", 5, 0, 0, 0, None)
AGENT_IN = ("gpt-4o-mini-2025-01-01", 2006, 1920, 0, 0, None)
AGENT_OUT = ("gpt-4o-mini-2025-01-01", 0, 0, 0, 300, None)
RECORDS: dict[tuple[str, str], list[Row]] = {
    (KEYS_OF_OUR_OWN, LITELLM): [
        ("user-123", *GPT_4O),
        ("user-456", *GPT_4O),
        ("user-456", *GPT_4O),
        ("user-456", "priced-custom", 2006, 1920, 0, 300, None),
        ("user-123", "backup", 10, 0, 0, 20, None),
    ],
    (NO_KEYS, LITELLM): [(NOBODY, *GPT_4O), (NOBODY, "gpt-4o", 9, 0, 0, 1, 32_500)],
    (SDK, LITELLM): [
        ("user-123", *MINI),
        ("user-123", *MINI),
        ("user-123", *SONNET),
        ("user-123", "text-embedding-3-small", 8, 0, 0, 0, None),
    ],
    ("openmeter_proxy_no_db", EVENTS): [
        *[("user-123", *MINI_SHORT)] * 2,
        *[("user-123", *GPT_4O_PLAIN)] * 2,
        ("user-456", *SONNET_PLAIN),
        *[(NOBODY, *MINI_SHORT)] * 2,
        (NOBODY, *SONNET_PLAIN),
    ],
    ("openmeter_python_sdk", EVENTS): [("user-123", *ONE_SIDE)] * 3,
    ("lago_proxy_no_db", EVENTS): [
        *[("user-123", *MINI_SHORT)] * 2,
        *[("user-123", *GPT_4O_PLAIN)] * 2,
        ("user-456", *SONNET_PLAIN),
    ],
    # A cache hit is a second event with an id of its own; only CloudEvents repeat the first one's.
    ("lago_proxy_cache_hits", EVENTS): [
        *[("user-123", *GPT_4O_SHORT)] * 2,
        *[("user-123", *UNKNOWN)] * 2,
        *[("user-123", *EMBEDDING)] * 2,
    ],
    ("openmeter_proxy_cache_hits", EVENTS): [
        ("user-123", *GPT_4O_SHORT),
        ("user-123", *UNKNOWN),
        *[("user-123", *EMBEDDING)] * 2,
    ],
    ("lago_agent_sdk_batch", BATCH): [("user-123", *AGENT_IN), ("user-123", *AGENT_OUT)] * 2,
}
USED, UNPRICED, FREE = "accepted", "unpriced", "ignored"
# What LiteLLM is told of its events, which are of all kinds.
STATUSES = {
    KEYS_OF_OUR_OWN: [[USED, FREE, FREE, USED, USED], [UNPRICED, FREE], [UNPRICED, FREE]],
    NO_KEYS: [[USED], [USED]],
    SDK: [[USED, USED, USED, UNPRICED, FREE]],
}

Post = Callable[[Sent], object]


@pytest.fixture
def post(
    app: Flask, client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Post]:
    """Post a request as it came, with our key, soon after it was caught."""
    monkeypatch.setattr(clock, "now", lambda: LATER)
    for user_id in ("user-123", "user-456", NOBODY):
        make_account(user_id, now=LATER)
    trusted = ["subject", "external_subscription_id"]
    by_gateway = bearer(KeyKind.GATEWAY, now=LATER, attributes_by=trusted)

    def post(sent: Sent) -> object:
        given = {**sent.headers, **by_gateway, "Host": "localhost"}
        given.pop("authorization")
        answer = client.post(address, data=sent.content, headers=given)
        assert answer.status_code == (204 if "cloudevents" in sent.media_type else 200)
        return answer.json if answer.data else None

    yield post
    check_books()


def recorded() -> Counter[Row]:
    """Return what was recorded; what has no price has no cost."""
    session.rollback()
    return Counter(
        (
            record.user_id,
            record.model,
            record.prompt_tokens,
            record.cached_tokens,
            record.cache_write_tokens,
            record.completion_tokens,
            None if record.status == "unpriced" else record.cost_nanos,
        )
        for record in session.query(BillingRecord)
    )


@pytest.mark.parametrize(("name", "address"), RECORDS)
def test_is_counted_once_and_priced(post: Post, name: str, address: str) -> None:
    for _ in range(2):
        for sent in captures.sent(name):
            post(sent)
        assert recorded() == Counter(RECORDS[name, address])


@pytest.mark.parametrize(("name", "address"), [(name, LITELLM) for name in STATUSES])
def test_is_told_apart(post: Post, name: str) -> None:
    def statuses() -> list[list[str]]:
        answers = [post(sent) for sent in captures.sent(name)]
        return [[result["status"] for result in answer["results"]] for answer in answers]

    assert statuses() == STATUSES[name]
    again = [
        [FREE if status == FREE else "duplicate" for status in each] for each in STATUSES[name]
    ]
    assert statuses() == again
    flagged = session.query(BillingRecord).filter_by(is_estimated=True).count()
    assert flagged == (name == NO_KEYS)


@pytest.mark.parametrize("name", sorted({name for name, _address in RECORDS}))
def test_is_as_it_came_to_the_byte(name: str) -> None:
    # Five folders of 37 letters stood in the tracebacks.
    missing = {int(one.headers["content-length"]) - len(one.content) for one in captures.sent(name)}
    assert missing <= {0, 5 * 37}
