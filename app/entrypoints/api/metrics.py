"""`GET /metrics`: what Prometheus asks, from this machine or with an operator's key."""

from ipaddress import ip_address

from flask import Blueprint, Response, request

from app.domain.payments import waiting
from app.domain.reporting.verification import find_last_verification
from app.domain.usage.unpriced import unpriced_total
from app.entrypoints.api.auth import for_operators
from app.entrypoints.counting import MEDIA_TYPE, Figure, exposition
from app.foundation import clock, outbox
from app.foundation.database import COUNTED_MAX

metrics = Blueprint("metrics", __name__)

# Whoever sends one of these has come through a proxy, which may stand on this machine.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")
# Where the peer stands that was believed to speak for somebody else.
BEFORE_PROXIES = "werkzeug.proxy_fix.orig"
UP_TO = f"counted up to {COUNTED_MAX}."


@metrics.get("/metrics")
def get_metrics() -> Response:
    """Answer what was counted, and how much waits."""
    return _told() if _is_from_this_machine() else for_operators(_told)()


def _told() -> Response:
    figures = (*_promises(), *_providers(), *_unpriced(), *_books())
    response = Response(exposition(figures), content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_from_this_machine() -> bool:
    """Tell whether a program on this machine asks for itself: nobody else's words count."""
    if any(name in request.headers for name in FORWARDED):
        return False
    peer = request.environ.get(BEFORE_PROXIES, request.environ).get("REMOTE_ADDR")
    # A proxy that says nothing at all still passes on whose name was asked for.
    return _is_loopback(peer or "") and _is_loopback(_host_asked_for())


def _host_asked_for() -> str:
    host = request.host
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _promises() -> tuple[Figure, ...]:
    now = clock.now()
    found = outbox.backlog(now=now)
    late = 0.0 if found.due_since is None else (now - found.due_since).total_seconds()
    return (
        Figure("billing_outbox_waiting", f"Promises not kept yet, {UP_TO}", found.waiting),
        Figure("billing_outbox_failed", f"Those that failed at least once, {UP_TO}", found.failed),
        Figure("billing_outbox_oldest_due_seconds", "How long the oldest has been due.", late),
    )


def _providers() -> tuple[Figure, ...]:
    events, attempts = waiting.waiting_events(), waiting.undecided_attempts()
    return (
        Figure(
            "billing_provider_events_waiting",
            f"Events of providers not worked off yet, {UP_TO}",
            events.count,
        ),
        Figure(
            "billing_provider_events_oldest_seconds",
            "How long ago the oldest of them came.",
            _age_of(events),
        ),
        Figure(
            "billing_payments_undecided",
            f"Attempts to pay that are neither settled nor given up, {UP_TO}",
            attempts.count,
        ),
        Figure(
            "billing_payments_undecided_oldest_seconds",
            "How long ago the oldest of them began.",
            _age_of(attempts),
        ),
    )


def _unpriced() -> tuple[Figure, ...]:
    total = unpriced_total()
    return (
        Figure(
            "billing_unpriced_records",
            f"Usage records that wait for a price, {UP_TO}",
            total.records,
        ),
        Figure("billing_unpriced_tokens", "The tokens of these records.", total.tokens),
    )


def _books() -> tuple[Figure, ...]:
    """Return what the last verification came to; nothing before the first."""
    last = find_last_verification()
    if last is None:
        return ()
    age = (clock.now() - last.verified_at).total_seconds()
    return (
        Figure(
            "billing_books_broken_lines",
            "Sums that were not what they must be when the books were last verified.",
            last.broken,
        ),
        Figure("billing_books_verified_age_seconds", "How long ago that was.", age),
    )


def _age_of(found: waiting.Waiting) -> float:
    return 0.0 if found.since is None else (clock.now() - found.since).total_seconds()
