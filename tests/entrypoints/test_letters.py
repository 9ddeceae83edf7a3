"""Every kind of mail becomes words, with nothing missing and nothing that acts."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from app.config import Settings
from app.domain.accounts.models import Account
from app.entrypoints.languages import language, speaking
from app.entrypoints.letters import SWITCHES, Letter, subject_of, write_letter
from app.foundation.database import session, transaction
from app.foundation.sentences import say
from tests.databases import ROOT
from tests.factories.mails import FACTS, make_mail
from tests.halves import on_one_of_both
from tests.html_lint import check
from tests.moments import NOW

LINK = re.compile(r"https?://[^\s\"<>]+")


def letter_of(
    account: Account, kind: str, settings: Settings, *, facts: dict[str, object] | None = None
) -> Letter:
    return write_letter(make_mail(account, kind, facts=facts, now=NOW), account, settings=settings)


def without(facts: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in facts.items() if key != name}


def test_every_template_has_its_sample_and_the_other_way_round() -> None:
    folder = Path(ROOT / "templates/emails")
    for suffix, shared in [("txt", {"layout", "alerts"}), ("html", {"layout", "parts"})]:
        assert {file.stem for file in folder.glob(f"*.{suffix}")} - shared == set(FACTS)
    assert set(SWITCHES) <= set(FACTS)


# What a letter says is the same question to both databases.
@on_one_of_both
@pytest.mark.parametrize("kind", FACTS)
class TestEveryKind:
    def test_says_what_happened_what_to_do_and_whom_it_is_about(
        self, ada: Account, settings: Settings, kind: str
    ) -> None:
        letter = letter_of(ada, kind, settings)
        assert letter.subject == subject_of(
            make_mail(ada, kind, about="2", now=NOW), ada, settings=settings
        )
        assert letter.subject and "\n" not in letter.subject and len(letter.subject) < 90
        check(letter.html, is_fragment=False)
        for words in (letter.text, letter.html):
            assert letter.subject in words
            assert "Oblivious" in words and "Ada" in words and "user id ada" in words
            links = LINK.findall(words)
            assert any(link.startswith(settings.base_url + "/") for link in links)
            for hole in ("None", "Undefined", "{{", "{%", "}}"):
                assert hole not in words
        assert "\n\n\n" not in letter.text

    def test_tells_how_to_switch_it_off_or_why_not(
        self, ada: Account, settings: Settings, kind: str
    ) -> None:
        letter = letter_of(ada, kind, settings)
        for words in (letter.text, letter.html):
            if kind in SWITCHES:
                assert f"{settings.base_url}{SWITCHES[kind]}" in words
            else:
                assert "cannot be switched off" in words

    def test_misses_no_fact_in_silence(self, ada: Account, settings: Settings, kind: str) -> None:
        said = Path(ROOT / f"templates/emails/{kind}.txt").read_text(encoding="utf-8")
        for number, name in enumerate(FACTS[kind]):
            if not re.search(rf"{{[{{%][^}}]*\b{name}\b", said):
                continue
            facts = without(FACTS[kind], name)
            mail = make_mail(ada, kind, facts=facts, about=str(number), now=NOW)
            with pytest.raises((UndefinedError, TypeError)):
                write_letter(mail, ada, settings=settings)

    def test_keeps_hostile_facts_text(self, ada: Account, settings: Settings, kind: str) -> None:
        hostile = {
            name: "<script>alert(1)</script>\r\nBcc: x@example.com {{ 7 * 7 }}"
            if name
            in ("plan_name", "code", "description", "brand", "invoice_number", "method", "key_name")
            else value
            for name, value in FACTS[kind].items()
        }
        letter = letter_of(ada, kind, settings, facts=hostile)
        assert "<script" not in letter.html and "49" not in letter.subject
        assert "\n" not in letter.subject and "\r" not in letter.subject


@on_one_of_both
class TestWords:
    @pytest.mark.parametrize(
        ("days", "subject"),
        [
            (-7, "Invoice INV-1001-2026-11 is due on 22 Dec 2026"),
            (0, "Invoice INV-1001-2026-11 is due today"),
            (7, "Invoice INV-1001-2026-11 is 7 days overdue"),
            (14, "Invoice INV-1001-2026-11 is 14 days overdue"),
        ],
    )
    def test_reminders_know_the_day(
        self, ada: Account, settings: Settings, days: int, subject: str
    ) -> None:
        facts = {**FACTS["invoice_reminder"], "days": days}
        letter = letter_of(ada, "invoice_reminder", settings, facts=facts)
        assert letter.subject == subject
        assert ("suspended" in letter.text) is (days >= 7)

    @pytest.mark.parametrize(
        ("changes", "said", "unsaid"),
        [
            ({}, "the account Ada (ada@example.com, user id ada)", ()),
            ({"name": ""}, "the account ada@example.com (user id ada)", ("Ada", "()", " ,")),
            (
                {"erased_at": NOW, "name": ""},
                "the account with the user id ada",
                ("Ada", "ada@example.com"),
            ),
        ],
    )
    def test_the_foot_names_the_account_by_what_there_is(
        self, ada: Account, settings: Settings, changes: dict, said: str, unsaid: tuple[str, ...]
    ) -> None:
        mail = make_mail(ada, "plan_expired", now=NOW)
        with transaction():
            for name, value in changes.items():
                setattr(ada, name, value)
            session.add(ada)
        letter = write_letter(mail, ada, settings=settings)
        for foot in (letter.text.rpartition("-- ")[2], letter.html.rpartition('class="foot"')[2]):
            assert f"This mail is about {said}" in foot
            assert not any(words in foot for words in unsaid)

    def test_strangers_read_no_name_that_somebody_has_given_himself(
        self, ada: Account, settings: Settings
    ) -> None:
        mail = make_mail(ada, "plan_expired", now=NOW)
        with transaction():
            mail.address = "ben@example.com"
            session.add(mail)
        letter = write_letter(mail, ada, settings=settings)
        assert "the account ada@example.com (user id ada)" in letter.text
        assert "Ada" not in letter.text + letter.html

    def test_nor_does_who_has_never_shown_that_it_is_his_address(
        self, ada: Account, settings: Settings
    ) -> None:
        mail = make_mail(ada, "plan_expired", now=NOW)
        with transaction():
            ada.email_verified_at = None
            session.add(ada)
        letter = write_letter(mail, ada, settings=settings)
        assert "the account ada@example.com (user id ada)" in letter.text
        assert "Ada" not in letter.text + letter.html

    def test_a_cancelling_says_what_is_given_up_and_owed(
        self, ada: Account, settings: Settings
    ) -> None:
        more = {"given_up_plan_name": "Basic", "unpaid_until": "2026-11-25T18:30:00Z"}
        facts = {**FACTS["plan_cancelled"], **more}
        letter = letter_of(ada, "plan_cancelled", settings, facts=facts)
        for words in (letter.text, letter.html):
            assert "The change to Basic that was scheduled is given up." in words
            assert "Without a payment by 25 Nov 2026, 18:30 UTC the plan ends then." in words

    def test_a_plan_without_a_price_costs_nothing(self, ada: Account, settings: Settings) -> None:
        facts = {**FACTS["change_taken_back"], "price_minor": 0}
        letter = letter_of(ada, "change_taken_back", settings, facts=facts)
        for words in (letter.text, letter.html):
            assert "It costs nothing a month." in words and "renewed" not in words

    def test_moments_are_local(self, ada: Account, settings: Settings) -> None:
        with transaction():
            ada.timezone = "Asia/Shanghai"
        facts = {**FACTS["renewal_failed"], "next_try_at": "2026-11-25T18:30:00Z"}
        text = write_letter(
            make_mail(ada, "renewal_failed", facts=facts, now=NOW), ada, settings=settings
        ).text
        assert "We will try again on 26 Nov 2026, 02:30 CST" in text
        assert "there were not enough funds on the card" in text

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            (None, "the bank gave no reason"),
            ("expired_card", "the card has expired"),
            ("new_code", "the bank answered “new code”"),
        ],
    )
    def test_declines_are_words(
        self, ada: Account, settings: Settings, code: str | None, words: str
    ) -> None:
        facts = {**FACTS["topup_declined"], "decline_code": code}
        assert words in letter_of(ada, "topup_declined", settings, facts=facts).text

    @pytest.mark.parametrize("kind", ["invoice_paid", "refund_made"])
    def test_the_way_money_went_has_a_name(
        self, ada: Account, settings: Settings, kind: str
    ) -> None:
        facts = {**FACTS[kind], "method": "account credit"}
        letter = letter_of(ada, kind, settings, facts=facts)
        assert ": Account credit" in letter.text.replace("  ", "")
        assert "Account credit" in letter.html

    def test_a_card_may_be_declined_for_usage(self, ada: Account, settings: Settings) -> None:
        facts = {**FACTS["renewal_failed"], "plan_name": None, "grace_ends_at": None}
        letter = letter_of(ada, "renewal_failed", settings, facts=facts)
        assert letter.subject == "We could not charge your card for INV-1001-2026-11"
        for words in (letter.text, letter.html):
            assert "We tried to charge your saved card for invoice INV-1001-2026-11, but" in words
            assert "None" not in words and "plan" not in words and "Pay by" not in words

    def test_a_refund_of_what_was_paid_twice_names_no_invoice(
        self, ada: Account, settings: Settings
    ) -> None:
        facts = {**FACTS["refund_made"], "invoice_number": None}
        letter = letter_of(ada, "refund_made", settings, facts=facts)
        for words in (letter.text, letter.html):
            assert "None" not in words and "credit note" not in words
            assert f"{settings.base_url}/invoices" in words
        assert f"See your invoices: {settings.base_url}/invoices\n" in letter.text

    def test_a_switched_off_top_up_says_so(self, ada: Account, settings: Settings) -> None:
        facts = {**FACTS["topup_declined"], "switched_off": True, "paused_until": None}
        letter = letter_of(ada, "topup_declined", settings, facts=facts)
        assert letter.subject == "Auto top-up switched off: $50.00"
        assert "After 2 declines in a row" in letter.text

    def test_one_alert_is_the_subject(self, ada: Account, settings: Settings) -> None:
        alerts = FACTS["alerts_crossed"]["alerts"][1:2]
        facts = {**FACTS["alerts_crossed"], "alerts": alerts}
        letter = letter_of(ada, "alerts_crossed", settings, facts=facts)
        assert letter.subject == "80% of your plan’s tokens are used"

    def test_several_alerts_are_one_mail(self, ada: Account, settings: Settings) -> None:
        letter = letter_of(ada, "alerts_crossed", settings)
        assert letter.subject == "4 of your alerts were crossed"
        assert "* Your token balance is down to 49,000\n* 80% of" in letter.text
        assert "* You have spent $102.50 this month" in letter.text

    def test_a_card_keeps_its_own_brand(self, ada: Account, settings: Settings) -> None:
        assert (
            letter_of(ada, "card_saved", settings).subject
            == "A card was saved: Visa ending in 4242"
        )


# Names, codes and addresses, which are the same in every language.
NAMES = re.compile(
    r"https?://[^\s\"<>]+|[\w.]+@[\w.]+|(?:INV|CN)-[\d-]+|obl_sk_\w+|\b(?:"
    r"[Tt]oken|Oblivious|Ada|ada|Visa|Stripe|Firefox|Linux|Basic|Pro|PDF|UTC|CST|SAVE50|Save|Slow"
    r"|days|Reporting)\b"
)
WORD = re.compile(r"[A-Za-z]{3,}")
TAG = re.compile(r"<[^>]*>")
BODY = re.compile(r"<body>.*</body>", re.DOTALL)


@on_one_of_both
class TestInChinese:
    @pytest.fixture(autouse=True)
    def _chinese(self, ada: Account) -> None:
        with transaction():
            ada.locale, ada.timezone = "zh", "Asia/Shanghai"

    @pytest.mark.parametrize("kind", FACTS)
    def test_no_english_word_is_left(self, ada: Account, settings: Settings, kind: str) -> None:
        letter = letter_of(ada, kind, settings)
        assert '<html lang="zh-Hans">' in letter.html
        body = BODY.search(letter.html)
        assert body is not None
        for words in (letter.subject, letter.text, TAG.sub(" ", body[0])):
            assert WORD.findall(NAMES.sub(" ", words)) == []
        assert letter.subject == subject_of(
            make_mail(ada, kind, about="2", now=NOW), ada, settings=settings
        )

    @pytest.mark.parametrize(
        ("days", "subject"),
        [
            (-7, "账单 INV-1001-2026-11 将于2026年12月22日到期"),
            (0, "账单 INV-1001-2026-11 今天到期"),
            (1, "账单 INV-1001-2026-11 已逾期 1 天"),
            (14, "账单 INV-1001-2026-11 已逾期 14 天"),
        ],
    )
    def test_reminders_know_the_day(
        self, ada: Account, settings: Settings, days: int, subject: str
    ) -> None:
        facts = {**FACTS["invoice_reminder"], "days": days}
        assert letter_of(ada, "invoice_reminder", settings, facts=facts).subject == subject

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            (None, "银行未说明原因"),
            ("expired_card", "银行卡已过期"),
            ("new_code", "银行答复“new code”"),
        ],
    )
    def test_declines_are_words(
        self, ada: Account, settings: Settings, code: str | None, words: str
    ) -> None:
        facts = {**FACTS["topup_declined"], "decline_code": code}
        assert words in letter_of(ada, "topup_declined", settings, facts=facts).text

    def test_moments_are_local(self, ada: Account, settings: Settings) -> None:
        facts = {**FACTS["renewal_failed"], "next_try_at": "2026-11-25T18:30:00Z"}
        text = letter_of(ada, "renewal_failed", settings, facts=facts).text
        assert "我们将于2026年11月26日 02:30（CST）再次尝试。" in text

    def test_sentences_among_the_facts_are_told_again(
        self, ada: Account, settings: Settings
    ) -> None:
        facts = {"code": "SAVE50", "description": say("{tokens:,} extra tokens", {"tokens": 5_000})}
        mail = make_mail(ada, "coupon_redeemed", facts=facts, now=NOW)
        session.refresh(mail)
        assert "5,000 个额外 token" in write_letter(mail, ada, settings=settings).text
        ada.locale = "en"
        assert "It gives: 5,000 extra tokens." in write_letter(mail, ada, settings=settings).text
        session.rollback()

    @pytest.mark.parametrize(
        ("language", "said"),
        [
            ("en", "5,000 tokens were added to your balance."),
            ("zh", "5,000 个 token 已加入您的余额。"),
        ],
    )
    def test_a_coupon_of_tokens_leads_to_the_tokens(
        self, ada: Account, settings: Settings, language: str, said: str
    ) -> None:
        with transaction():
            ada.locale = language
        facts = {"code": "GIFT", "description": "5,000 extra tokens", "tokens": 5_000}
        letter = letter_of(ada, "coupon_redeemed", settings, facts=facts)
        for words in (letter.text, letter.html):
            assert said in words and f"{settings.base_url}/tokens" in words
            assert "/coupons" not in words

    def test_having_no_plan_is_said_in_words(self, ada: Account, settings: Settings) -> None:
        facts = {**FACTS["change_scheduled"], "to_plan_name": "Pay as you go"}
        letter = letter_of(ada, "change_scheduled", settings, facts=facts)
        assert letter.subject == "您的套餐将于2026年12月22日切换到 按量付费"

    def test_whoever_reads_another_language_meanwhile_goes_on_reading_it(
        self, ada: Account, settings: Settings
    ) -> None:
        with speaking("en"):
            assert "您的" in letter_of(ada, "plan_expired", settings).subject
            assert language() == "en"
        with transaction():
            ada.locale = "en"
        with speaking("zh"):
            letter = letter_of(ada, "overpayment", settings)
            assert letter.subject == "$16.13 was paid twice or too late" and language() == "zh"


class TestLinesOfText:
    def test_facts_stand_below_one_another(self, ada: Account, settings: Settings) -> None:
        text = letter_of(ada, "invoice_issued", settings).text
        assert "\nTo pay: $16.13\nTotal:  $16.13\nDue:    22 Dec 2026\n" in text

    def test_a_chinese_letter_is_as_wide_as_two_others(
        self, ada: Account, settings: Settings
    ) -> None:
        with transaction():
            ada.locale = "zh"
        text = letter_of(ada, "alerts_crossed", settings).text
        assert "\ntoken 余额：49,000\n每周期额度：1,000,000\n本月费用：  $102.50\n" in text
        subject, underline = text.splitlines()[:2]
        assert (subject, len(underline)) == ("您的 4 项提醒已触发", 19)
