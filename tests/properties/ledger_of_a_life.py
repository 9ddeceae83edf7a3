"""A customer's life in plain integers: what the books should say, worked out a second time.

Nothing of the app is used here, and nothing is rounded but where the book of rules says so.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# Price in cents, quota, discount on overage in basis points, pico-USD for an extra token.
PLANS = {
    "plan-payg": (0, 0, 0, None),
    "plan-basic": (999, 100_000, 0, 20_000_000),
    "plan-pro": (9_999, 1_000_000, 1_000, 150_000_000),
    "plan-enterprise": (99_999, 10_000_000, 0, 100_000_000),
}
PAYG = "plan-payg"
# One token of the only model costs a thousand nano-USD.
NANOS_PER_TOKEN = 1_000
GRACE = timedelta(days=7)
PAGE_LIFE = timedelta(minutes=31)
LEAST = 50


def half_up(numerator: int, denominator: int) -> int:
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def month_on(anchor: datetime, months: int) -> datetime:
    year, month0 = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = min(anchor.day, monthrange(year, month0 + 1)[1])
    return anchor.replace(year=year, month=month0 + 1, day=day)


@dataclass
class Use:
    """A coupon that was redeemed and has something left."""

    order: int
    kind: str
    value: int
    left: int | None

    def worth(self, amount: int) -> int:
        return half_up(amount * self.value, 10_000) if self.kind == "percentage" else self.left or 0


@dataclass
class Held:
    """What a draft holds until its money comes: amounts, coupons, credit."""

    amount: int
    discount: int
    credit: int
    carried_on: int
    taken: list[tuple[Use, int, int | None]]
    # What an earlier invoice was too small for is asked for here, but was for something else.
    from_before: int = 0

    @property
    def due(self) -> int:
        return self.amount - self.discount - self.credit


@dataclass
class Change:
    """An accepted upgrade."""

    plan: str
    credit: int
    charge: int
    quota: int
    period: datetime
    at: datetime
    held: Held


@dataclass
class Life:
    """Everything about one customer."""

    start: datetime
    plan: str = PAYG
    anchor: datetime = field(init=False)
    end: datetime = field(init=False)
    grace_end: datetime | None = None
    quota: int = 0
    used_of_quota: int = 0
    net_paid: int = 0
    auto_renew: bool = True
    pending: str | None = None
    change: Change | None = None
    # The renewal that waits for its money.
    owed: Held | None = None
    credit: int = 0
    extra: int = 0
    granted: int = 0
    uses: list[Use] = field(default_factory=list)
    nanos: dict[str, int] = field(default_factory=dict)
    carried_nanos: int = 0
    carried_minor: int = 0
    corrections: int = 0
    closed: set[str] = field(default_factory=set)
    requests: dict[str, dict] = field(default_factory=dict)
    # Money that came in, and what was asked for usage: month → cents.
    paid: int = 0
    usage_invoices: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.anchor, self.end = self.start, month_on(self.start, 1)

    # --- Time -------------------------------------------------------------------------------

    def roll(self, now: datetime) -> None:
        """Let the periods pass that ended."""
        while now >= (self.grace_end or self.end):
            at = self.grace_end or self.end
            expired, cancelled = self.grace_end is not None, not self.auto_renew
            if expired:
                self.give_back(self.owed)
            plan = PAYG if expired or cancelled else self.pending or self.plan
            if expired or cancelled:
                self.anchor = at
            self.begin(plan, at, paid=PLANS[plan][0] == 0)

    def begin(self, plan: str, at: datetime, *, paid: bool) -> None:
        self.plan, self.start = plan, at
        months = (at.year - self.anchor.year) * 12 + at.month - self.anchor.month
        if month_on(self.anchor, months) > at:
            months -= 1
        self.end = month_on(self.anchor, months + 1)
        self.auto_renew, self.pending, self.owed = True, None, None
        self.used_of_quota, self.net_paid = 0, 0
        self.grace_end = None if paid else min(at + GRACE, self.end)
        whole = self.seconds(month_on(self.anchor, months), self.end)
        granted = self.seconds(month_on(self.anchor, months), self.grace_end or self.end)
        self.quota = PLANS[plan][1] * granted // whole

    @staticmethod
    def seconds(start: datetime, end: datetime) -> int:
        return int((end - start).total_seconds())

    # --- Invoices ---------------------------------------------------------------------------

    def draw_up(self, amount: int, *, is_plan: bool) -> Held:
        """Take coupons and credit for an invoice, in the invoice's order."""
        discount, taken = 0, []
        for use in list(self.uses) if amount >= LEAST else ():
            minor = min(use.worth(amount - discount), amount - discount)
            if minor > 0:
                taken.append((use, minor, use.left))
                discount += minor
                use.left = None if use.left is None else use.left - minor
                if not use.left:
                    self.uses.remove(use)
        net, carried_on = amount - discount, 0
        if is_plan and 0 < net < LEAST:
            amount, carried_on, net = amount - net, net, 0
            self.carried_minor += carried_on
        credit = net if self.credit >= net else max(min(self.credit, net - LEAST), 0)
        self.credit -= credit
        return Held(amount, discount, credit, carried_on, taken)

    def give_back(self, held: Held | None) -> None:
        if held is None:
            return
        self.credit += held.credit
        for use, minor, left in held.taken:
            use.left = None if left is None else (use.left or 0) + minor
            if use not in self.uses:
                self.uses.append(use)
        self.uses.sort(key=lambda use: use.order)

    def renew(self, now: datetime) -> None:
        """Ask for a period that began unpaid."""
        if self.grace_end is None or self.owed is not None:
            return
        small, self.carried_minor = self.carried_minor, 0
        self.owed = self.draw_up(PLANS[self.plan][0] + small, is_plan=True)
        self.owed.from_before = small
        if self.owed.due == 0:
            self.pay_renewal()

    def pay_renewal(self) -> None:
        assert self.owed is not None
        self.paid += self.owed.due
        self.net_paid = max(self.owed.amount - self.owed.discount - self.owed.from_before, 0)
        self.grace_end, self.owed, self.quota = None, None, PLANS[self.plan][1]

    def close(self, month: str, now: datetime) -> None:
        """Close a month: ask for its usage, or carry it."""
        self.closed.add(month)
        own = self.nanos.get(month, 0)
        exact = own + self.carried_nanos + self.corrections + self.carried_minor * 10**7
        amount = half_up(exact, 10**7)
        before = [(use, use.left) for use in self.uses], self.credit
        held = self.draw_up(amount, is_plan=False) if amount >= LEAST else None
        if held is not None and 0 < amount - held.discount < LEAST:
            self.uses, self.credit = [use for use, _ in before[0]], before[1]
            for use, left in before[0]:
                use.left = left
            held = None
        if held is None:
            self.carried_nanos += own
            return
        self.carried_nanos = self.corrections = self.carried_minor = 0
        self.usage_invoices[month] = (held.amount, held.due)

    # --- What the customer does -------------------------------------------------------------

    def use(self, request: str, tokens: int, now: datetime) -> None:
        month, discount_bp = f"{now:%Y-%m}", PLANS[self.plan][2]
        of_quota = min(tokens, self.quota - self.used_of_quota)
        of_extra = min(tokens - of_quota, self.extra)
        of_granted = min(of_extra, self.granted)
        overage = tokens - of_quota - of_extra
        self.used_of_quota += of_quota
        self.extra -= of_extra
        self.granted -= of_granted
        final = half_up(
            tokens * NANOS_PER_TOKEN * overage * (10_000 - discount_bp), tokens * 10_000
        )
        self.nanos[month] = self.nanos.get(month, 0) + final
        self.requests[request] = {
            "split": (of_quota, of_extra, of_granted),
            "final": final,
            "month": month,
            "period": self.start,
        }

    def void(self, request: str) -> None:
        known = self.requests.pop(request, None)
        if known is None:
            return
        of_quota, of_extra, of_granted = known["split"]
        if known["period"] == self.start:
            self.used_of_quota -= of_quota
        self.extra += of_extra
        self.granted += of_granted
        self.nanos[known["month"]] -= known["final"]
        if known["month"] in self.closed:
            self.nanos[known["month"]] += known["final"]
            self.corrections -= known["final"]

    def redeem(self, kind: str, value: int, order: int) -> None:
        if kind == "free_tokens":
            self.extra += value
            self.granted += value
        else:
            self.uses.append(Use(order, kind, value, value if kind == "fixed" else None))

    def switch(self, plan: str, now: datetime) -> str:
        """Say what happens: a refusal by name, "scheduled", "applied" or "to pay"."""
        if self.change is not None:
            return "to pay" if self.change.plan == plan else "change_in_progress"
        if plan == self.plan:
            return "already_on_plan"
        if self.grace_end is not None:
            return "period_unpaid"
        price, quota = PLANS[plan][:2]
        if price <= PLANS[self.plan][0]:
            self.auto_renew, self.pending = True, plan
            return "scheduled"
        if self.plan == PAYG:
            credit, charge, more = 0, price, quota
        else:
            left, whole = self.seconds(now, self.end), self.seconds(self.start, self.end)
            credit = half_up(self.net_paid * left, whole)
            charge = half_up(price * left, whole)
            more = max((quota - PLANS[self.plan][1]) * left // whole, 0)
        held = self.draw_up(max(charge - credit, 0), is_plan=True)
        self.change = Change(plan, credit, charge, more, self.start, now, held)
        if held.due:
            return "to pay"
        self.apply(now)
        return "applied"

    def apply(self, now: datetime) -> bool:
        """Take the money of an accepted change; tell whether it still fitted."""
        change, self.change = self.change, None
        assert change is not None
        if change.period != self.start and self.plan != PAYG:
            self.give_back(change.held)
            return False
        self.paid += change.held.due
        if self.plan == PAYG:
            # Every period has a length.
            self.anchor = max(now, self.start + timedelta(microseconds=1))
            self.begin(change.plan, self.anchor, paid=True)
            self.quota = change.quota
        else:
            self.plan, self.auto_renew, self.pending = change.plan, True, None
            self.quota += change.quota
        self.credit += max(change.credit - change.charge, 0)
        self.net_paid += change.held.amount - change.held.discount
        return True

    def lapse(self) -> None:
        if self.change is not None:
            self.give_back(self.change.held)
            self.change = None

    def lapse_if_late(self, now: datetime) -> None:
        if self.change is not None and now > self.change.at + PAGE_LIFE:
            self.lapse()

    def cancel(self) -> str:
        if self.change is not None:
            return "change_in_progress"
        if self.plan == PAYG or not self.auto_renew:
            return "nothing_to_cancel"
        self.auto_renew, self.pending = False, None
        return "cancelled"

    def resume(self) -> str:
        if self.change is not None:
            self.lapse()
            return "resumed"
        if self.auto_renew and self.pending is None:
            return "nothing_to_resume"
        self.auto_renew, self.pending = True, None
        return "resumed"

    def top_up(self, minor: int) -> str:
        price = PLANS[self.plan][3]
        if price is None:
            return "no_tokens_for_sale"
        self.extra += minor * 10**10 // price
        self.paid += minor
        return "bought"
