"""The calls of customers' programs."""

from app.domain.invoices.documents import DocumentKind
from app.domain.usage.views import Granularity, Grouping
from app.entrypoints.api.describing.parts import (
    Answered,
    Call,
    Caller,
    Parameter,
    cursor,
    day_or_moment,
    named,
    path_parameter,
    text,
    whole,
)

_CUSTOMER = (Caller.CUSTOMER,)
_FROM = Parameter("from", day_or_moment("A date or an instant; included."))
_TO = Parameter("to", day_or_moment("A date or an instant; not included."))
_TIMEZONE = Parameter("timezone", named("IANA; by default the account's.", example="UTC"))
_PAGE = Parameter("page", whole("From 1.", least=1, most=1_000_000))
_CURSOR = Parameter("cursor", cursor())
_REFERENCE = path_parameter("reference", "The invoice's id or number.")
_SETTING_REFUSED = (
    "out_of_range, amount_too_fine, text_too_long, text_invalid, email_invalid, timezone_unknown,"
    " country_unknown, tax_id_invalid, tax_id_needs_country, percents_invalid, locale_unsupported"
)
_PAYING = "provider_unreachable, provider_refused"


def _limit(name: str, most: int) -> Parameter:
    return Parameter(name, whole("How many at once.", least=1, most=most))


CALLS = (
    Call(
        "GET",
        "/v1/billing/stats",
        "getStats",
        _CUSTOMER,
        "The account at a glance",
        {200: Answered("The figures of now.", "Stats")},
    ),
    Call(
        "GET",
        "/v1/billing/usage",
        "getUsage",
        _CUSTOMER,
        "Usage over time",
        {200: Answered("Buckets and their totals.", "UsageSeries")},
        parameters=(
            _FROM,
            _TO,
            Parameter("granularity", text(choices=list(Granularity))),
            Parameter("group_by", text(choices=list(Grouping))),
            _TIMEZONE,
        ),
        refusals={422: "from_invalid, to_invalid, range_empty, range_too_long, timezone_unknown"},
    ),
    Call(
        "GET",
        "/v1/billing/usage/records",
        "listRecords",
        _CUSTOMER,
        "Every request",
        {200: Answered("A page, or all of them as CSV.", "RecordPage", also="text/csv")},
        says="With `Accept: text/csv` all records are streamed; then without cursor and limit.",
        parameters=(
            _FROM,
            _TO,
            Parameter("model", named("As reported.")),
            _TIMEZONE,
            _CURSOR,
            _limit("limit", 1_000),
        ),
        refusals={422: "from_invalid, to_invalid, range_empty, timezone_unknown, cursor_invalid"},
    ),
    Call(
        "GET",
        "/v1/billing/quota-warning",
        "getQuotaWarning",
        _CUSTOMER,
        "Whether tokens run low",
        {200: Answered("The warning, or that there is none.", "QuotaWarning")},
    ),
    Call(
        "GET",
        "/v1/billing/plans",
        "listPlans",
        (Caller.ANYONE,),
        "The plans on offer",
        {200: Answered("In their order.", "Plans")},
    ),
    Call(
        "GET",
        "/v1/billing/subscription",
        "getSubscription",
        _CUSTOMER,
        "Where the subscription stands",
        {200: Answered("The plan, its period, and what is to change.", "Subscription")},
    ),
    Call(
        "POST",
        "/v1/billing/subscription/preview",
        "previewSwitch",
        _CUSTOMER,
        "What a switch of plan comes to",
        {200: Answered("Every line with its formula; nothing is stored.", "Preview")},
        body="PreviewPost",
        refusals={
            404: "unknown_plan",
            409: "already_on_plan, period_unpaid",
            422: "plan_not_for_sale",
        },
    ),
    Call(
        "POST",
        "/v1/billing/subscription",
        "switchPlan",
        _CUSTOMER,
        "Switch the plan",
        {200: Answered("Switched, scheduled, or the page to pay on.", "SwitchAnswer")},
        says="Dearer plans start when they are paid, others at the period's end.",
        body="SwitchPost",
        refusals={
            404: "unknown_plan",
            409: "already_on_plan, period_unpaid, change_in_progress, preview_stale, "
            "invoice_not_payable, "
            "deletion_pending",
            422: "plan_not_for_sale",
            503: _PAYING,
        },
        changes=True,
    ),
    Call(
        "POST",
        "/v1/billing/subscription/cancel",
        "cancelSubscription",
        _CUSTOMER,
        "Let the plan end with its period",
        {200: Answered("The subscription.", "Subscription")},
        refusals={409: "nothing_to_cancel"},
        changes=True,
    ),
    Call(
        "POST",
        "/v1/billing/subscription/resume",
        "resumeSubscription",
        _CUSTOMER,
        "Take back what is scheduled or waits for its money",
        {200: Answered("The subscription.", "Subscription")},
        refusals={409: "nothing_to_resume, deletion_pending"},
        changes=True,
    ),
    Call(
        "GET",
        "/v1/billing/invoices",
        "listInvoices",
        _CUSTOMER,
        "All invoices",
        {200: Answered("A page, the newest first.", "InvoicePage")},
        parameters=(_PAGE, _limit("page_size", 100)),
    ),
    Call(
        "GET",
        "/v1/billing/invoices/{reference}",
        "getInvoice",
        _CUSTOMER,
        "One invoice",
        {200: Answered("With everything its document says.", "Invoice")},
        parameters=(_REFERENCE,),
        refusals={404: "unknown_invoice"},
    ),
    Call(
        "GET",
        "/v1/billing/invoices/{reference}/pdf",
        "getInvoicePdf",
        _CUSTOMER,
        "An invoice's document",
        {200: Answered("The same file each time.", media_type="application/pdf")},
        parameters=(_REFERENCE, Parameter("document", text(choices=list(DocumentKind)))),
        refusals={
            404: "unknown_invoice, unknown_document",
            409: "invoice_not_issued, invoice_not_paid",
        },
    ),
    Call(
        "POST",
        "/v1/billing/invoices/generate",
        "generateInvoice",
        _CUSTOMER,
        "Issue a month's usage invoice",
        {
            200: Answered("The one that stands, or the running month's draft.", "Invoice"),
            201: Answered("Issued now.", "Invoice"),
        },
        body="GeneratePost",
        refusals={422: "month_in_future, month_invalid, nothing_to_invoice"},
        changes=True,
    ),
    Call(
        "POST",
        "/v1/billing/invoices/{reference}/checkout",
        "payInvoice",
        _CUSTOMER,
        "Pay an invoice",
        {200: Answered("The provider's page.", "Checkout")},
        body="CheckoutPost",
        parameters=(_REFERENCE,),
        refusals={404: "unknown_invoice", 409: "invoice_not_payable", 503: _PAYING},
        changes=True,
    ),
    Call(
        "POST",
        "/v1/billing/coupons/apply",
        "redeemCoupon",
        _CUSTOMER,
        "Redeem a coupon",
        {200: Answered("Redeemed.", "CouponApplied")},
        body="CouponPost",
        refusals={
            404: "coupon_not_found",
            422: (
                "coupon_inactive, coupon_not_started, coupon_expired, coupon_used_up,"
                " coupon_already_used, coupon_wrong_plan"
            ),
            429: "too_many_coupon_guesses",
        },
        changes=True,
    ),
    Call(
        "GET",
        "/v1/billing/coupons",
        "listRedeemed",
        _CUSTOMER,
        "What was redeemed",
        {200: Answered("The newest first.", "Redeemed")},
    ),
    Call(
        "POST",
        "/v1/billing/topups",
        "buyTokens",
        _CUSTOMER,
        "Buy extra tokens",
        {200: Answered("The provider's page.", "TopUp")},
        body="TopUpPost",
        refusals={409: "no_tokens_for_sale, deletion_pending", 422: "amount_invalid", 503: _PAYING},
        changes=True,
    ),
    Call(
        "GET",
        "/v1/billing/topups",
        "listTokenEntries",
        _CUSTOMER,
        "The ledger of extra tokens",
        {200: Answered("A page, the newest first.", "TokenLedger")},
        parameters=(_PAGE, _limit("page_size", 1_000)),
    ),
    Call(
        "GET",
        "/v1/billing/settings",
        "getSettings",
        _CUSTOMER,
        "All settings",
        {200: Answered("All of them.", "Settings")},
    ),
    Call(
        "PUT",
        "/v1/billing/settings",
        "changeSettings",
        _CUSTOMER,
        "Change what is named",
        {200: Answered("All of them, as they are now.", "Settings")},
        body="SettingsPut",
        refusals={422: _SETTING_REFUSED},
        changes=True,
    ),
)
