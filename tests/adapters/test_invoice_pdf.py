"""Documents as PDF: the same bytes each time, every figure in its words, and text only as text."""

import json
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from app.adapters import invoice_pdf
from app.adapters.invoice_pdf import render_pdf
from app.domain.invoices.documents import (
    OTHER_DISCOUNTS,
    REVERSE_CHARGE,
    Discount,
    Document,
    DocumentKind,
    DocumentLine,
    GivenBack,
    Settled,
    Tax,
)
from app.domain.invoices.line_words import carried_from, usage_of
from app.foundation.periods import BillingMonth
from tests.databases import ROOT
from tests.factories.documents import BUYER, ISSUED, make_document

SETTLED = Settled(1_576, ISSUED + timedelta(days=3), "stripe", "pi_1")
RECEIPT = {"kind": DocumentKind.RECEIPT, "due_at": None, "settled": SETTLED}
PAGES = re.compile(rb"/Type/Page\b")
HOSTILE = [
    '#eval("1") #read("/etc/passwd") #import "x.typ"',
    "*bold* _emph_ $x^2$ `raw` <label> @ref = heading // comment \\ [ ] { }",
    "\u202egpj.exe\u202c \u200f\u200e\u2066 \x00\x07\x1b[31m \x7f\ufeff",
    "lone \ud800 surrogate",
    "مرحبا שלום 한국어 😀",
    "x" * 50_000,
    "word " * 10_000,
    '"}],"rows":[["',
    "",
]

Printed = Callable[[Document], dict[str, object]]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Printed:
    """What the template is given to print."""

    def printed(document: Document) -> dict[str, object]:
        given = []

        def remember(*_: object, **options: object) -> bytes:
            given.append(json.loads(options["sys_inputs"]["document"]))
            return b""

        with monkeypatch.context() as patched:
            patched.setattr(invoice_pdf.typst, "compile", remember)
            render_pdf(document)
        return given[0]

    return printed


def text_of(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is missing, so the PDF's text cannot be read")
    file = folder / "document.pdf"
    file.write_bytes(pdf)
    command = ["pdftotext", "-layout", str(file), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def drawn(pdf: bytes) -> list[bytes]:
    """Return what is drawn on the pages, line by line."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    lines: list[bytes] = []
    for stream in streams:
        with suppress(zlib.error):
            lines += zlib.decompress(stream).splitlines()
    return lines


class TestBytes:
    @pytest.mark.parametrize("changes", [{}, RECEIPT, {"kind": DocumentKind.CREDIT_NOTE}])
    def test_are_the_same_each_time(self, changes: dict[str, object]) -> None:
        first = render_pdf(make_document(**changes))
        assert first.startswith(b"%PDF-")
        assert render_pdf(make_document(**changes)) == first

    def test_are_the_same_in_another_program_and_place(self, tmp_path: Path) -> None:
        source = (
            "import sys; from tests.factories.documents import make_document;"
            "from app.adapters.invoice_pdf import render_pdf;"
            "sys.stdout.buffer.write(render_pdf(make_document()))"
        )
        environment = {"PYTHONPATH": str(ROOT), "TZ": "Asia/Shanghai", "HOME": str(tmp_path)}
        other = subprocess.run(
            [sys.executable, "-c", source],
            cwd=tmp_path, env=environment, capture_output=True, check=True,
        )  # fmt: skip
        assert other.stdout == render_pdf(make_document())

    def test_are_dated_by_the_document(self) -> None:
        assert b"D:20261201010000" in render_pdf(make_document())
        assert b"D:20261204010000" in render_pdf(make_document(**RECEIPT))


class TestPages:
    def test_a_short_invoice_has_one(self) -> None:
        assert len(PAGES.findall(render_pdf(make_document()))) == 1

    def test_sixty_lines_go_on_over_pages(self, tmp_path: Path) -> None:
        lines = tuple(DocumentLine(f"Model {n}", n, 30_000_000, 100) for n in range(60))
        pdf = render_pdf(make_document(lines=lines, total_minor=6_000))
        assert len(PAGES.findall(pdf)) == 2
        text = text_of(pdf, tmp_path)
        assert text.count("USD per 1,000") == 2
        assert "Page 1 of 2" in text and "Page 2 of 2" in text

    def test_the_total_never_stands_alone_on_a_page(self, tmp_path: Path) -> None:
        for count in range(24, 36):
            lines = tuple(DocumentLine(f"Model {n}", n, None, 100) for n in range(count))
            pages = text_of(render_pdf(make_document(lines=lines)), tmp_path).split("\f")
            (last,) = [page for page in pages if "Total, USD" in page]
            assert f"Model {count - 1} " in last


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:16]))
class TestHostileText:
    def document(self, hostile: str) -> Document:
        return make_document(
            number=f"INV{hostile[:100]}",
            seller={"name": hostile, "address": hostile, "vat_id": hostile},
            buyer={**BUYER, "name": hostile, "email": hostile},
            lines=(DocumentLine(hostile, 1, 1, 1), DocumentLine(hostile, None, None, 2)),
            discounts=(Discount(hostile[:200], 1),),
            tax=Tax(hostile[:200], 1900, 1),
            notes=(hostile,),
            settled=Settled(1, ISSUED, hostile[:200], hostile[:200]),
        )

    def test_is_set_all_the_same(self, hostile: str) -> None:
        assert render_pdf(self.document(hostile)).startswith(b"%PDF-")

    def test_is_nothing_but_text(self, hostile: str, printed: Printed) -> None:
        said = printed(self.document(hostile))["rows"][0][0]
        assert not invoice_pdf.UNSEEN.search(said.replace("\u200b", ""))
        kept = re.sub(r"\s+", " ", invoice_pdf.UNSEEN.sub(" ", hostile)).strip()
        assert said.replace("\u200b", "") == (kept if len(kept) <= 2_000 else f"{kept[:1_999]}…")
        # No word is wider than its column.
        assert all(len(part) <= 49 for word in said.split() for part in word.split("\u200b"))


def test_markup_is_printed_as_it_was_typed(tmp_path: Path) -> None:
    pdf = render_pdf(make_document(lines=(DocumentLine('#eval("1") *b* $x$', 1, None, 1),)))
    assert '#eval("1") *b* $x$' in text_of(pdf, tmp_path)


def test_chinese_is_printed(tmp_path: Path) -> None:
    buyer = {**BUYER, "name": "杭州星云科技有限公司", "address": "浙江省杭州市西湖区"}
    text = text_of(render_pdf(make_document(buyer=buyer)), tmp_path)
    assert "杭州星云科技有限公司" in text and "浙江省杭州市西湖区" in text


class TestWords:
    def test_an_invoice_says_what_is_due(self, printed: Printed) -> None:
        sheet = printed(make_document())
        assert (sheet["title"], sheet["number"]) == ("Invoice", "INV-1001-2026-11")
        assert sheet["headline"] == ["$15.76", "due on 31 Dec 2026"]
        assert sheet["facts"] == [
            ["Number", "INV-1001-2026-11"], ["Issued", "1 Dec 2026"], ["Due", "31 Dec 2026"],
        ]  # fmt: skip
        assert sheet["rows"] == [
            ["AI API usage - gpt-4", "500,000", "$0.0300", "$15.00"],
            ["AI API usage - gpt-3.5-turbo", "750,000", "$0.0015", "$1.13"],
            ["Carried from 2026-10", "", "", "−$0.37"],
        ]
        assert sheet["counted"] is True
        assert sheet["sums"] == [] and sheet["after"] == []
        assert sheet["total"] == ["Total, USD", "$15.76"]

    def test_both_parties_stand_on_it(self, printed: Printed) -> None:
        sheet = printed(make_document())
        assert sheet["seller"]["lines"] == [
            "Oblivious GmbH", "Lindenstraße 7", "10969 Berlin", "Germany", "VAT ID DE136695976",
        ]  # fmt: skip
        assert sheet["buyer"]["lines"] == [
            "Ada Lovelace", "12 St James’s Square", "London", "United Kingdom", "ada@example.com",
            "Account ada",
        ]  # fmt: skip

    @pytest.mark.parametrize(("language", "country"), [("en", "United Kingdom"), ("zh", "英国")])
    def test_what_an_address_repeats_stands_there_once(
        self, printed: Printed, language: str, country: str
    ) -> None:
        address = f"  ada  LOVELACE\n12 St James’s Square\n\nGB\n{country}"
        buyer = {**BUYER, "address": address, "email": "", "user_id": ""}
        sheet = printed(make_document(buyer=buyer, language=language))
        assert sheet["buyer"]["lines"] == ["Ada Lovelace", "12 St James’s Square", country]

    def test_a_country_that_is_none_is_printed_as_it_is_kept(self, printed: Printed) -> None:
        buyer = {**BUYER, "country": "XX"}
        assert "XX" in printed(make_document(buyer=buyer))["buyer"]["lines"]

    def test_sums_are_worked_out_from_top_to_bottom(self, printed: Printed) -> None:
        sheet = printed(
            make_document(
                discounts=(Discount("Coupon SAVE50", 788),), tax=Tax("VAT", 1_900, 150),
                total_minor=938, credit_used_minor=500,
            )
        )  # fmt: skip
        assert sheet["sums"] == [
            ["Subtotal", "$15.76"], ["Coupon SAVE50", "−$7.88"], ["VAT 19%", "$1.50"],
        ]  # fmt: skip
        assert sheet["after"] == [["Account credit used", "−$5.00"], ["To pay", "$4.38"]]
        assert sheet["headline"][0] == "$4.38"

    def test_a_receipt_says_how_it_was_paid(self, printed: Printed) -> None:
        sheet = printed(make_document(**RECEIPT))
        assert sheet["title"] == "Receipt"
        assert sheet["headline"] == ["$15.76", "paid on 4 Dec 2026"]
        assert sheet["facts"][2:] == [
            ["Paid", "4 Dec 2026"], ["Paid by", "Card (Stripe)"], ["Transaction", "pi_1"],
        ]  # fmt: skip
        assert sheet["after"] == [["Paid", "$15.76"]]

    def test_a_credit_note_names_its_invoice(self, printed: Printed) -> None:
        lines = (DocumentLine("Pro plan", None, None, 1_576),)
        sheet = printed(
            make_document(kind=DocumentKind.CREDIT_NOTE, number="CN-1", due_at=None, lines=lines)
        )
        assert sheet["title"] == "Credit note"
        assert sheet["headline"] == ["$15.76", "credited on 1 Dec 2026"]
        assert sheet["facts"][:2] == [["Number", "CN-1"], ["For invoice", "INV-1001-2026-11"]]
        assert sheet["counted"] is False

    @pytest.mark.parametrize(
        ("to_credit", "to_method", "shown"),
        [
            (0, 1_576, [["Refunded to", "Card (Stripe)"]]),
            (1_576, 0, [["Added to", "Account credit"]]),
            (
                576,
                1_000,
                [["Refunded to", "Card (Stripe): $10.00"], ["Added to", "Account credit: $5.76"]],
            ),
        ],
    )
    def test_a_credit_note_says_why_and_where_the_money_goes(
        self, printed: Printed, to_credit: int, to_method: int, shown: list[list[str]]
    ) -> None:
        given = GivenBack("Billed twice.", to_credit, "stripe", to_method)
        sheet = printed(make_document(kind=DocumentKind.CREDIT_NOTE, due_at=None, given_back=given))
        assert sheet["facts"][3:] == [*shown, ["Reason", "Billed twice."]]

    def test_usage_is_of_days(self, printed: Printed) -> None:
        for language, said in (
            ("en", ["Usage", "1 Nov 2026 to 30 Nov 2026"]),
            ("zh", ["用量", "2026年11月1日至2026年11月30日"]),
        ):
            document = make_document(used_in=BillingMonth(2026, 11).period, language=language)
            assert said in printed(document)["facts"]
        assert all(name != "Usage" for name, _ in printed(make_document())["facts"])

    def test_notes_stand_at_the_end(self, printed: Printed) -> None:
        sheet = printed(make_document(reverse_charge=True, notes=(REVERSE_CHARGE,)))
        assert sheet["notes"] == [REVERSE_CHARGE]

    @pytest.mark.parametrize(
        ("nanos", "shown"),
        [((30_000_000,), ["$0.03"]), ((1_000, 5 * 10**9), ["$0.000001", "$5.000000"])],
    )
    def test_prices_have_the_same_decimals(
        self, printed: Printed, nanos: tuple[int, ...], shown: list[str]
    ) -> None:
        lines = tuple(DocumentLine("a", 1, each, 1) for each in nanos)
        assert [row[2] for row in printed(make_document(lines=lines))["rows"]] == shown


# Names, codes and addresses, which are the same in every language.
NAMES = re.compile(
    r"\b(?:Oblivious|GmbH|Lindenstraße|Berlin|Ada|Lovelace|St|James|Square|London|ada|example|com"
    r"|INV|VAT|USD|UTC|API|gpt|turbo|SAVE50|[Tt]oken|Stripe|DE\d+|pi|PO)\b"
)


class TestInChinese:
    def document(self, **changes: object) -> Document:
        lines = (
            DocumentLine(usage_of("gpt-4"), 500_000, 30_000_000, 1_500),
            DocumentLine(carried_from("2026-10"), None, None, -37),
        )
        return make_document(
            **{"language": "zh", "lines": lines, "notes": (REVERSE_CHARGE,), **changes}
        )

    def test_all_of_it_is_said(self, printed: Printed) -> None:
        sheet = printed(self.document())
        assert (sheet["title"], sheet["language"]) == ("账单", "zh")
        assert sheet["headline"] == ["$15.76", "2026年12月31日到期"]
        assert sheet["facts"] == [
            ["编号", "INV-1001-2026-11"], ["出账日期", "2026年12月1日"],
            ["到期日", "2026年12月31日"],
        ]  # fmt: skip
        assert sheet["heads"] == ["项目", "Token", "每 1,000 个（USD）", "金额"]
        assert sheet["rows"][0] == ["AI API 用量 - gpt-4", "500,000", "$0.03", "$15.00"]
        assert (sheet["seller"]["title"], sheet["buyer"]["title"]) == ("销售方", "购买方")
        assert sheet["total"] == ["合计（USD）", "$15.76"]
        assert sheet["notes"] == [
            "反向征税：增值税由客户自行申报缴纳（欧盟指令 2006/112/EC 第 196 条）。"
        ]
        assert (sheet["zone"], sheet["page"]) == ("日期均为 UTC", "第 {page} 页，共 {pages} 页")

    @pytest.mark.parametrize("changes", [{}, RECEIPT, {"kind": DocumentKind.CREDIT_NOTE}])
    def test_no_english_word_is_left(self, changes: dict[str, object], tmp_path: Path) -> None:
        pdf = render_pdf(
            self.document(
                discounts=(Discount(OTHER_DISCOUNTS, 100),), tax=Tax("", 1_900, 100),
                credit_used_minor=76, **changes,
            )
        )  # fmt: skip
        text = text_of(pdf, tmp_path)
        assert re.findall(r"[A-Za-z]{3,}", NAMES.sub(" ", text)) == []
        assert "第1页，共1页" in text.replace(" ", "")

    @pytest.mark.parametrize("changes", [{}, RECEIPT, {"kind": DocumentKind.CREDIT_NOTE}])
    def test_is_the_same_each_time(self, changes: dict[str, object]) -> None:
        first = render_pdf(self.document(**changes))
        assert render_pdf(self.document(**changes)) == first
        assert first != render_pdf(self.document(**changes, language="en"))

    def test_headings_are_heavier_than_the_text(self) -> None:
        # Where letters are drawn with a line around them, the file says so before them: 2 Tr.
        heavy = [line for line in drawn(render_pdf(self.document())) if b"2 Tr" in line]
        assert heavy, "the title is as light as the text"
        assert not any(b"2 Tr" in line for line in drawn(render_pdf(make_document())))

    def test_a_long_description_is_broken_by_its_own_rules(self, printed: Printed) -> None:
        words = "用量，" * 40
        (row,) = printed(self.document(lines=(DocumentLine(words, None, None, 1),)))["rows"]
        assert row[0] == words
