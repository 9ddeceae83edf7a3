"""Why an invoice may be refused."""

from app.foundation.errors import DomainError, InvalidFields, Kind


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


class TaxInvalid(InvalidFields):
    """A country's tax has fields that make no sense; `fields` says which and why."""


class UnknownTax(DomainError):
    """There is no tax for this country."""

    kind = Kind.NOT_FOUND
