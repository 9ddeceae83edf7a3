"""Settings change; where bills go to another address, both addresses hear of it."""

import pytest

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.foundation.errors import InvalidFields
from app.workflows.change_settings import change_settings
from tests.factories.mailed_links import VISITOR, mails_to
from tests.moments import NOW


def change(account: Account, **changes: object):
    with transaction():
        return change_settings(account, changes, actor="customer:ada", visitor=VISITOR, now=NOW)


def set_before(account: Account, address: str | None) -> None:
    queries.settings_of(account).billing_email = address
    session.commit()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, "new@example.com", {"ada@example.com", "new@example.com"}),
        ("old@example.com", "new@example.com", {"old@example.com", "new@example.com"}),
        ("old@example.com", None, {"old@example.com", "ada@example.com"}),
        ("old@example.com", "old@example.com", set()),
        (None, "ada@example.com", set()),
        (None, None, set()),
    ],
)
def test_tells_the_old_address_and_the_new_one(ada, ben, before, after, told) -> None:
    set_before(ada, before)
    assert change(ada, billing_email=after).billing_email == after
    mails = session.query(Mail).all()
    assert {mail.address for mail in mails} == told and len(mails) == len(told)
    assert all(mail.kind == "billing_email_changed" for mail in mails)
    assert all(mail.facts["device"] == VISITOR.device for mail in mails)


def test_tells_nobody_of_anything_else(ada: Account) -> None:
    assert change(ada, tax_id=None, alert_threshold=5).alert_threshold == 5
    assert session.query(Mail).count() == 0


def test_a_refused_change_tells_nobody(ada: Account) -> None:
    with pytest.raises(InvalidFields):
        change(ada, billing_email="new@example.com", alert_threshold=-1)
    assert not mails_to("new@example.com") and not mails_to("ada@example.com")
