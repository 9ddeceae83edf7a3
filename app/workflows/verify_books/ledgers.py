"""4: balances are the sums of their ledgers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditEntry
from app.domain.tokens.models import TokenEntry
from app.workflows.verify_books.reading import Lines, any_differs, some


def _token_balances() -> Lines:
    """4: the balance of extra tokens, and of granted ones, is the sum of the ledger."""
    entries = _ledger(TokenEntry.user_id, TokenEntry.tokens, TokenEntry.granted_tokens)
    for user_id, *figures in _unbalanced(entries, Account.extra_tokens, Account.granted_tokens):
        told = [int(figure) for figure in figures]
        yield f"extra and granted tokens of {user_id} and their ledger differ: {told}"


def _credit_balances() -> Lines:
    """4: the account credit is the sum of its ledger."""
    entries = _ledger(CreditEntry.user_id, CreditEntry.amount_minor)
    for user_id, *figures in _unbalanced(entries, Account.credit_minor):
        told = [int(figure) for figure in figures]
        yield f"credit of {user_id} and its ledger differ: {told}"


def _ledger(user_id: InstrumentedAttribute[str], *amounts: InstrumentedAttribute[int]) -> Subquery:
    sums = (func.sum(amount).label(amount.key) for amount in amounts)
    return select(user_id, *sums).group_by(user_id).subquery()


def _unbalanced(ledger: Subquery, *balances: InstrumentedAttribute[int]) -> Sequence[Any]:
    sums = [func.coalesce(column, 0) for column in ledger.c if column.key != "user_id"]
    differ = any_differs(zip(balances, sums, strict=True))
    joined = select(Account.id, *balances, *sums).outerjoin(ledger, ledger.c.user_id == Account.id)
    return some(joined.where(differ))


CHECKS = (_token_balances, _credit_balances)
