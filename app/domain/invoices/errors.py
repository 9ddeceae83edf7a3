"""Why an invoice may be refused."""

from app.foundation.errors import DomainError, Kind


class UnknownInvoice(DomainError):
    """The account has no such invoice."""

    kind = Kind.NOT_FOUND


class MonthInvalid(DomainError):
    """A month is written like 2026-11."""


class MonthInFuture(DomainError):
    """The month has not begun."""


class MonthNotOver(DomainError):
    """The month still takes usage: it can be closed an hour after its end."""


class NothingToInvoice(DomainError):
    """Nothing is due for the month, or too little to be invoiced by itself."""


class InvoiceNotPayable(DomainError):
    """The invoice is paid, void, or still a draft."""

    kind = Kind.CONFLICT


class InvoiceNotVoidable(DomainError):
    """The invoice is paid, refunded or void already."""

    kind = Kind.CONFLICT


class InvoiceNotCreditable(DomainError):
    """The invoice was never issued, or is void: there is nothing to take back."""

    kind = Kind.CONFLICT


class CreditTooLarge(DomainError):
    """More is to be taken back than is left of the invoice."""


class InvoiceNotIssued(DomainError):
    """The invoice is a draft: it has no document yet."""

    kind = Kind.CONFLICT


class InvoiceNotPaid(DomainError):
    """The invoice has not been paid: it has no receipt."""

    kind = Kind.CONFLICT


class UnknownDocument(DomainError):
    """An invoice has no document of this name."""

    kind = Kind.NOT_FOUND


class UnknownCreditNote(DomainError):
    """The invoice has no credit note with this number."""

    kind = Kind.NOT_FOUND
