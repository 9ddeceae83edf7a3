"""Documents as files: how the customer's pages and programs hand out a PDF."""

import re

from flask import Response

from app import wiring
from app.domain.invoices.documents import Document, DocumentKind

MEDIA_TYPE = "application/pdf"
UNSAFE_IN_A_NAME = re.compile(r"[^0-9A-Za-z-]+")


def pdf_answer(document: Document) -> Response:
    """Answer the document as a file to keep; the same bytes each time it is asked for."""
    response = Response(wiring.render_pdf(document), content_type=MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(document)}"'
    return response


def file_name(document: Document) -> str:
    """Return a name that every file system and every header takes: INV-1001-2026-11.pdf."""
    number = UNSAFE_IN_A_NAME.sub("-", document.number)
    suffix = "-receipt" if document.kind is DocumentKind.RECEIPT else ""
    return f"{number}{suffix}.pdf"
