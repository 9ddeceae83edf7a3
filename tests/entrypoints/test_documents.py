"""The file that is handed out has a name that every system takes."""

import pytest

from app.domain.invoices.documents import DocumentKind
from app.entrypoints.documents import file_name, pdf_answer
from tests.factories.documents import make_document


@pytest.mark.parametrize(
    ("number", "kind", "name"),
    [
        ("INV-1001-2026-11", DocumentKind.INVOICE, "INV-1001-2026-11.pdf"),
        ("INV-1001-2026-11-2", DocumentKind.INVOICE, "INV-1001-2026-11-2.pdf"),
        ("CN-1001-2026-11", DocumentKind.CREDIT_NOTE, "CN-1001-2026-11.pdf"),
        ('a"\r\nb/../c', DocumentKind.INVOICE, "a-b-c.pdf"),
    ],
)
def test_the_name_is_safe(number: str, kind: DocumentKind, name: str) -> None:
    assert file_name(make_document(number=number, kind=kind)) == name


def test_a_receipt_says_so(app) -> None:
    document = make_document(kind=DocumentKind.RECEIPT)
    assert file_name(document) == "INV-1001-2026-11-receipt.pdf"


def test_the_answer_is_a_file_to_keep(app) -> None:
    answer = pdf_answer(make_document())
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="INV-1001-2026-11.pdf"'
    assert answer.data.startswith(b"%PDF-") and answer.data == pdf_answer(make_document()).data
