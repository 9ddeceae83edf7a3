"""Gateways' keys that are limited to accounts: what they may not even ask about."""

from flask import g

from app.domain.usage import operations as usage
from app.domain.usage.errors import UnknownRequest
from app.foundation.errors import Kind, Refusal


def refuse_other_accounts(user_id: str) -> None:
    """Refuse to speak of an account that the key is not for; of a customer's key all is his."""
    fault = g.attribution.find_fault(user_id) if "attribution" in g else None
    if fault is not None:
        raise Refusal(fault.code, fault.detail, kind=Kind.FORBIDDEN, fields=(fault,))


def refuse_requests_of_others(request_id: str) -> None:
    """Know nothing of a request of an account that the key is not for. Raises UnknownRequest."""
    if not g.attribution.accounts:
        return
    if g.attribution.find_fault(usage.record_of(request_id).user_id) is not None:
        raise UnknownRequest("No usage was recorded under this request_id.")
