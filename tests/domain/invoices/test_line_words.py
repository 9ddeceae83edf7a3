"""What stands on issued documents is never put into other words, in no language."""

import json
from collections.abc import Callable

import pytest

from app.domain.invoices import line_words
from app.foundation.sentences import Sentence, in_language, told, wording_of
from tests.moments import NOW

# A line that was written keeps its template for ever. Where one of these has to change, the old one
# moves into a table of its own, with its translation.
WORDS: list[tuple[Callable[[], Sentence], str, str, str]] = [
    (
        lambda: line_words.usage_of("gpt-4"),
        "AI API usage - {model}", "AI API usage - gpt-4", "AI API 用量 - gpt-4",
    ),
    (
        lambda: line_words.plan_for("Pro", starts_at=NOW, ends_at=NOW.replace(month=12)),
        "{plan} plan, {starts_on} to {ends_on}", "Pro plan, 22 Nov 2026 to 22 Dec 2026",
        "Pro 套餐，2026年11月22日 至 2026年12月22日",
    ),
    (
        lambda: line_words.unused_time_of("Basic"),
        "Unused time of the {plan} plan", "Unused time of the Basic plan",
        "Basic 套餐未使用的时间",
    ),
    (
        lambda: line_words.bought(2_500_000),
        "{tokens:,} extra tokens", "2,500,000 extra tokens", "2,500,000 个额外 token",
    ),
    (
        lambda: line_words.carried_from("2026-10"),
        "Carried from {month}", "Carried from 2026-10", "2026-10 结转金额",
    ),
    (
        line_words.carried_on,
        "Carried onto the next invoice", "Carried onto the next invoice", "结转至下一张账单",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("words", "template", "english", "chinese"), WORDS)
def test_lines_keep_their_words(
    words: Callable[[], Sentence], template: str, english: str, chinese: str
) -> None:
    said = words()
    assert (said, said.in_language("zh")) == (english, chinese)
    assert wording_of(said)["template"] == template
    # So it is read again, whatever it was kept in.
    again = told(str(said), json.loads(json.dumps(wording_of(said))))
    assert (again, in_language(again, "zh")) == (english, chinese)


def test_lines_that_were_written_with_other_dates_keep_them() -> None:
    days = {"starts_on": "2025-11-22", "ends_on": "2025-12-22"}
    words = "{plan} plan, {starts_on} to {ends_on}"
    written = told("as it stands", {"template": words, "values": {"plan": "Pro", **days}})
    assert written == "as it stands"
    assert in_language(written, "zh") == "Pro 套餐，2025-11-22 至 2025-12-22"
