"""`billing coupons`: make coupons and look at them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

import click

from app.domain.coupons import creating, queries, rules
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponDraft, CouponType
from app.entrypoints.cli.actor import ACTOR
from app.entrypoints.cli.installation import installation
from app.entrypoints.cli.moments import Moment
from app.entrypoints.cli.tables import print_table
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.money import usd_from_minor

TYPES = [kind.value for kind in CouponType]
HEADINGS = ("CODE", "GIVES", "USED", "EACH", "FROM USD", "VALID FROM", "EXPIRES", "PLANS", "STATE")


class Number(click.ParamType[Decimal]):
    """An exact number."""

    name = "NUMBER"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """Read the number."""
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no number.", param, ctx)
        if not number.is_finite():
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


@click.group()
def coupons() -> None:
    """Make coupons and look at them."""


@coupons.command()
@click.option("--code", help="The code; capitals do not matter.")
@click.option("--code-prefix", help="Make codes like PREFIX-7KQ2M8XWPA instead.")
@click.option("--count", type=int, default=1, show_default=True, help="How many, with a prefix.")
@click.option("--type", "coupon_type", type=click.Choice(TYPES), required=True, help="What it is.")
@click.option("--value", type=Number(), required=True, help="Percent, USD or tokens.")
@click.option("--max-uses", type=int, default=1, show_default=True, help="Redemptions of a code.")
@click.option("--max-usage-per-user", type=int, default=1, show_default=True, help="And of one.")
@click.option("--min-purchase-amount", type=Number(), default="0", help="In USD.  [default: 0]")
@click.option("--from", "valid_from", type=Moment(), help="When it begins.  [default: now]")
@click.option("--expires", "expires_at", type=Moment(), required=True, help="When it ends.")
@click.option(
    "--plan", "plans", multiple=True, help="A plan it is for; repeatable.  [default: all]"
)
@click.option("--description", default="", help="What customers read of it.")
def create(
    *,
    code: str | None,
    code_prefix: str | None,
    count: int,
    coupon_type: str,
    value: Decimal,
    max_uses: int,
    max_usage_per_user: int,
    min_purchase_amount: Decimal,
    valid_from: datetime | None,
    expires_at: datetime,
    plans: Sequence[str],
    description: str,
) -> None:
    """Make one coupon, or many that differ in their codes, and print the codes, one a line."""
    if (code is None) == (code_prefix is None):
        raise click.UsageError("Give the coupon a name: either --code or --code-prefix.")
    if code is not None and count != 1:
        raise click.UsageError("--count goes with --code-prefix.")
    draft = CouponDraft(
        type=coupon_type,
        value=value,
        max_uses=max_uses,
        valid_from=valid_from or clock.now(),
        expires_at=expires_at,
        max_usage_per_user=max_usage_per_user,
        min_purchase_amount=min_purchase_amount,
        description=description,
        applicable_plans=tuple(plans) or None,
    )
    for made in _made(code, code_prefix or "", count, draft):
        click.echo(made)


@coupons.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="How many."
)
def list_coupons(*, limit: int) -> None:
    """List the newest coupons: what they give, and how often they were used."""
    with installation():
        print_table(HEADINGS, [_row(coupon) for coupon in queries.coupons(limit=limit).coupons])


def _made(code: str | None, prefix: str, count: int, draft: CouponDraft) -> Sequence[str]:
    now = clock.now()
    with installation(), transaction():
        if code is None:
            return creating.create_many(prefix, count, draft, actor=ACTOR, now=now)
        return [creating.create(code, draft, actor=ACTOR, now=now).code]


def _row(coupon: Coupon) -> tuple[str, ...]:
    return (
        coupon.code,
        _gives(coupon),
        f"{coupon.used_count:,}/{coupon.max_uses:,}",
        f"{coupon.max_usage_per_user:,}",
        f"{usd_from_minor(coupon.min_purchase_minor):.2f}",
        f"{coupon.valid_from:%Y-%m-%d %H:%M}",
        f"{coupon.expires_at:%Y-%m-%d %H:%M}",
        "all" if coupon.applicable_plans is None else " ".join(coupon.applicable_plans),
        "active" if coupon.is_active else "inactive",
    )


def _gives(coupon: Coupon) -> str:
    value = rules.shown_value(coupon.type, coupon.value)
    if coupon.type == CouponType.PERCENTAGE:
        return f"{value:f} %"
    return f"{value:.2f} USD" if coupon.type == CouponType.FIXED else f"{value:,} tokens"
