"""4: balances are the sums of their ledgers."""

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditEntry
from app.domain.tokens.models import TokenEntry
from app.workflows.verify_books.reading import Rows, any_differs, check


@check("extra and granted tokens of {} and their ledger differ: [{}, {}, {}, {}]")
def _token_balances() -> Rows:
    """4: the balance of extra tokens, and of granted ones, is the sum of the ledger."""
    entries = _ledger(TokenEntry.user_id, TokenEntry.tokens, TokenEntry.granted_tokens)
    return _unbalanced(entries, Account.extra_tokens, Account.granted_tokens)


@check("credit of {} and its ledger differ: [{}, {}]")
def _credit_balances() -> Rows:
    """4: the account credit is the sum of its ledger."""
    entries = _ledger(CreditEntry.user_id, CreditEntry.amount_minor)
    return _unbalanced(entries, Account.credit_minor)


def _ledger(user_id: InstrumentedAttribute[str], *amounts: InstrumentedAttribute[int]) -> Subquery:
    sums = (func.sum(amount).label(amount.key) for amount in amounts)
    return select(user_id, *sums).group_by(user_id).subquery()


def _unbalanced(ledger: Subquery, *balances: InstrumentedAttribute[int]) -> Rows:
    sums = [func.coalesce(column, 0) for column in ledger.c if column.key != "user_id"]
    differ = any_differs(zip(balances, sums, strict=True))
    joined = select(Account.id, *balances, *sums).outerjoin(ledger, ledger.c.user_id == Account.id)
    return joined.where(differ)


CHECKS = (_token_balances, _credit_balances)
