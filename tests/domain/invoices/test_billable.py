"""What a month asks for is read for everybody at once, and stands in its order for each."""

from flask import Flask

from app.domain.accounts.models import Account
from app.domain.invoices import billable
from app.domain.invoices.models import CarriedAmount
from app.domain.usage.models import UsageCorrection
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.statements import statements

NOVEMBER = BillingMonth(2026, 11)


def carried(account: Account, month: str, cents: int, *, kind: str = "usage", **changes: object):
    amount = {"from_month": month, "amount_nanos": cents * 10**7, "kind": kind}
    return CarriedAmount(user_id=account.id, created_at=NOW, **amount, **changes)


def corrected(account: Account, said: str, cents: int) -> UsageCorrection:
    return UsageCorrection(
        user_id=account.id,
        kind="shortfall",
        billing_month="2026-10",
        description=said,
        amount_nanos=cents * 10**7,
        created_at=NOW,
    )


class TestUsageLines:
    def test_gives_each_his_own_in_the_order_of_an_invoice(
        self, app: Flask, ada: Account, ben: Account
    ) -> None:
        make_usage(ada.id, prompt_tokens=100_000, completion_tokens=0)
        with transaction():
            session.add_all(
                [
                    corrected(ada, "Second", 20),
                    corrected(ada, "First", 10),
                    corrected(ada, "Second", 5),
                    # Usage of the running month is not asked for twice; other things are.
                    carried(ada, "2026-11", 1),
                    carried(ada, "2026-11", 2, kind="other"),
                    carried(ada, "2026-09", 3),
                    carried(ada, "2026-08", 4, forgiven_by="olga"),
                    carried(ben, "2026-10", 7),
                ]
            )
        with statements() as sent:
            lines = billable.usage_lines([ada.id, ben.id, "nobody"], NOVEMBER)
        said = {
            user_id: [(line.description, line.amount_minor) for line in theirs]
            for user_id, theirs in lines.items()
        }
        assert said == {
            "ada": [
                ("AI API usage - gpt-4", 300),
                ("Carried from 2026-09", 3),
                ("Carried from 2026-11", 2),
                ("Second", 25),
                ("First", 10),
            ],
            "ben": [("Carried from 2026-10", 7)],
            "nobody": [],
        }
        assert len(sent) == 1
