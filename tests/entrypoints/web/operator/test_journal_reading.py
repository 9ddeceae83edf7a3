"""The journal in words: who, what, and from what to what."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.domain.accounts.security_journal import Act, Event
from app.domain.payments.rules import PaymentStatus, RefundStatus
from app.entrypoints.web.operator.journal_reading import act_named, actor_named, acts_told
from app.entrypoints.web.operator.journal_words import ACTS, DETAILS
from app.foundation.journal import JournalEntry
from app.foundation.sentences import in_language
from tests.architecture.source import modules_of_the_app

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def told(details: dict[str, object], *, action: str = "tried", user_id: str | None = "ada"):
    entry = JournalEntry(
        happened_at=NOW, actor="system", action=action, user_id=user_id, details=details
    )
    (act,) = acts_told([entry], local=TOKYO)
    return act


def read(details: dict[str, object]) -> list[str]:
    return [
        f"{one.name}: {one.value}"
        if one.before is None
        else f"{one.name}: {one.before} → {one.value}"
        for one in told(details).details
    ]


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("system", "The system"),
        ("visitor", "Somebody not signed in"),
        ("operator:command line", "Command line"),
        ("operator:olga", "Operator olga"),
        ("customer:ada", "Customer ada"),
        ("gateway:gw1", "Gateway gw1"),
        ("key:k1", "API key k1"),
        ("provider:stripe", "Stripe"),
        ("provider:other", "other"),
        ("operator:", "operator:"),
        ("martian:x", "martian:x"),
        ("", ""),
    ],
)
def test_says_who(actor: str, words: str) -> None:
    assert actor_named(actor) == words


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({}, []),
        ({"amount_minor": 1_234_50}, ["Amount: $1,234.50"]),
        ({"amount_minor": -5}, ["Amount: −$0.05"]),
        ({"rate_bp": 1_900}, ["Rate: 19%"]),
        ({"rate_bp": {"from": 1_900, "to": 1_600}}, ["Rate: 19% → 16%"]),
        ({"extra_token_price_pico": 150_000_000}, ["Extra tokens: $150.00 per million tokens"]),
        (
            {"extra_token_price_pico": {"from": None, "to": 1}},
            ["Extra tokens: nothing → $0.000001 per million tokens"],
        ),
        (
            {"tokens": 1_000_000, "reason": "Sorry", "balance_after": 5},
            ["Balance after it: 5", "Tokens: 1,000,000", "Reason: Sorry"],
        ),
        ({"before_minor": None, "after_minor": 50_000}, ["Credit limit: nothing → $500.00"]),
        ({"old": "INV-1", "new": "INV-2"}, ["Invoice: INV-1 → INV-2"]),
        (
            {"from": "plan-payg", "to": "plan-pro", "due_minor": 5},
            ["Plan: plan-payg → plan-pro", "Due: $0.05"],
        ),
        ({"is_active": {"from": True, "to": False}}, ["Can be used: yes → no"]),
        ({"locale": {"from": "en", "to": "zh"}}, ["Language: English → 简体中文"]),
        ({"ends_at": "2026-11-22T23:30:00+00:00"}, ["Ends: 23 Nov 2026, 08:30:00"]),
        ({"ends_at": "some day"}, ["Ends: some day"]),
        ({"ends_at": None}, ["Ends: nothing"]),
        ({"from": "2026-11-22T12:00:00+00:00"}, ["From when on: 22 Nov 2026, 21:00:00"]),
        ({"type": "percentage", "value": 2_000}, ["Gives: Percent off an invoice", "Value: 20%"]),
        ({"type": "fixed", "value": 1_000}, ["Gives: USD off invoices", "Value: $10.00"]),
        ({"type": "free_tokens", "value": 50_000}, ["Gives: Extra tokens", "Value: 50,000"]),
        (
            {"usd_per_1k": {"prompt": "0.005", "cache_read": None}},
            ["Input: $5.00 per million tokens"],
        ),
        (
            {
                "usd_per_1k": {"prompt": "0.006", "completion": "0.009"},
                "usd_per_1k_before": {"prompt": "0.005", "completion": "0.009"},
            },
            ["Input: $5.00 per million tokens → $6.00 per million tokens"],
        ),
        ({"lines": []}, ["Found: nothing"]),
        ({"applicable_plans": None, "description": ""}, ["For plans: all plans"]),
        ({"applicable_plans": ["plan-pro"]}, ["For plans: plan-pro"]),
        (
            {"description": {"from": "", "to": "Half"}},
            ["What customers read of it: nothing → Half"],
        ),
        ({"limited_to": ["ada", "ben"]}, ["Only for: ada, ben"]),
        ({"never_heard_of": {"a": 1, "b": [True]}}, ["never heard of: a 1, b yes"]),
        (
            {"address": "10.0.0.1", "version": "1", "device": "Firefox"},
            ["Wording of: 1", "Came from: 10.0.0.1", "Browser: Firefox"],
        ),
    ],
)
def test_says_what_it_was_and_what_it_is(app: Flask, details: dict, words: list[str]) -> None:
    assert sorted(read(details)) == sorted(words)


def test_says_of_a_browser_what_its_owner_reads(app: Flask) -> None:
    (detail,) = told({"device": "Chrome on Linux"}).details
    assert in_language(detail.value, "zh") == "Linux 上的 Chrome"


def test_says_why_at_the_end(app: Flask) -> None:
    names = [str(one.name) for one in told({"reason": "x", "address": "y", "tokens": 1}).details]
    assert names == ["Tokens", "Came from", "Reason"]


@pytest.mark.parametrize(
    ("action", "actor", "reason", "words", "in_chinese"),
    [
        ("dispute_opened", "provider:stripe", "duplicate", "charged twice (duplicate)", "重复扣款"),
        (
            "dispute_lost",
            "provider:paypal",
            "UNAUTHORISED",
            "reported as fraud (UNAUTHORISED)",
            "被举报为欺诈",
        ),
        ("dispute_won", "provider:stripe", "made_up", "made_up", "made_up"),
        ("invoice_voided", "system", "Nobody paid it.", "Nobody paid it.", "未付款"),
        # What an operator wrote stays as it was written.
        ("invoice_voided", "operator:olga", "Nobody paid it.", "Nobody paid it.", "Nobody"),
        ("tokens_adjusted", "operator:olga", "duplicate", "duplicate", "duplicate"),
    ],
)
def test_says_why_in_words(*, app: Flask, action, actor, reason, words, in_chinese) -> None:
    entry = JournalEntry(
        happened_at=NOW, actor=actor, action=action, user_id="ada", details={"reason": reason}
    )
    (act,) = acts_told([entry], local=TOKYO)
    (detail,) = act.details
    assert str(detail.value) == words
    assert in_chinese in str(in_language(detail.value, "zh"))


def test_tells_a_plan_from_that_of_a_customer() -> None:
    assert told({}, action="plan_changed").what == "Plan changed"
    assert told({}, action="plan_changed", user_id=None).what == "Terms of a plan changed"
    assert act_named("never_heard_of") == "Never heard of"


def test_knows_every_act_that_is_noted() -> None:
    noted = {*Act, *Event}
    for module in modules_of_the_app():
        for call in ast.walk(module.tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("journal.write"):
                first = call.args[0]
                noted |= {first.value} if isinstance(first, ast.Constant) else set()
    statuses = (PaymentStatus.SETTLED, PaymentStatus.FAILED, PaymentStatus.EXPIRED)
    noted |= {f"payment_{status}" for status in statuses}
    noted |= {f"refund_{status}" for status in (RefundStatus.SETTLED, RefundStatus.FAILED)}
    assert len(noted) > 50
    assert sorted(noted - set(ACTS)) == []


def test_knows_every_setting() -> None:
    text = Path("app/domain/accounts/views.py").read_text()
    tree = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    names = [node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)]
    assert [name for name in names if name.removesuffix("_minor") not in DETAILS] == []
