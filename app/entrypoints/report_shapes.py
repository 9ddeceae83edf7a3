"""The operator's month as one JSON object, for the API and for the command line alike."""

from app.domain.reporting.monthly import ModelFigures, MonthlyReport, PlanFigures
from app.foundation.money import usd_from_minor, usd_from_nanos

Body = dict[str, object]


def report_body(report: MonthlyReport) -> Body:
    """Return the report with all amounts in USD."""
    invoiced, moved = report.invoiced, report.moved
    return {
        "month": str(report.month),
        "total_revenue": usd_from_nanos(report.revenue_nanos),
        "total_tokens": report.total_tokens,
        "record_count": report.record_count,
        "unpriced_tokens": report.unpriced_tokens,
        "avg_cost_per_record": usd_from_nanos(report.average_nanos),
        "subscription_revenue": usd_from_minor(invoiced.subscription_minor),
        "topup_revenue": usd_from_minor(invoiced.topup_minor),
        "discounts": usd_from_minor(invoiced.discount_minor),
        "tax": usd_from_minor(invoiced.tax_minor),
        "paid": usd_from_minor(moved.received_minor),
        "refunds": usd_from_minor(moved.refunded_minor),
        "disputes_lost": usd_from_minor(moved.disputed_minor),
        "collected": usd_from_minor(moved.collected_minor),
        "outstanding": usd_from_minor(report.outstanding_minor),
        "new_subscriptions": report.new_subscriptions,
        "lost_subscriptions": report.lost_subscriptions,
        "by_plan": [_plan(figures) for figures in report.by_plan],
        "by_model": [_model(figures) for figures in report.by_model],
    }


def _plan(figures: PlanFigures) -> Body:
    return {
        "plan_id": figures.plan_id,
        "plan": figures.plan_name,
        "total_revenue": usd_from_nanos(figures.revenue_nanos),
        "total_tokens": figures.total_tokens,
        "record_count": figures.record_count,
        "subscription_revenue": usd_from_minor(figures.subscription_minor),
        "new_subscriptions": figures.new_subscriptions,
        "lost_subscriptions": figures.lost_subscriptions,
    }


def _model(figures: ModelFigures) -> Body:
    return {
        "model": figures.model,
        "total_revenue": usd_from_nanos(figures.revenue_nanos),
        "total_tokens": figures.total_tokens,
        "record_count": figures.record_count,
        "unpriced_tokens": figures.unpriced_tokens,
    }
