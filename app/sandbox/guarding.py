"""Keeps the sandbox to this machine and to itself: hosts, foreign pages, headers."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from app.sandbox.settings import is_loopback

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action {targets}"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.format(targets="'self'"),
}
FORBIDDEN = 403
MISDIRECTED = 421


def guard(app: Flask) -> None:
    """Let in who comes from this machine, and send everything out with its headers."""
    app.before_request(_refuse_others)
    app.after_request(_secured)


def allow_form_to_lead_to(response: Response, url: str) -> None:
    """Let the page's form end at a URL elsewhere: browsers hold redirects to the policy too."""
    parts = urlsplit(url)
    targets = f"'self' {parts.scheme}://{parts.netloc}"
    policy = CONTENT_SECURITY_POLICY.format(targets=targets)
    response.headers["Content-Security-Policy"] = policy


def _refuse_others() -> None:
    if not is_loopback(request.remote_addr or ""):
        abort(FORBIDDEN, "The sandbox answers this machine only.")
    # A name that somebody else has pointed at this machine is not one of ours.
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        abort(MISDIRECTED, "The sandbox answers as localhost or 127.0.0.1 only.")
    fetched_from = request.headers.get("Sec-Fetch-Site", "none")
    if request.method == "POST" and fetched_from not in ("none", "same-origin"):
        abort(FORBIDDEN, "This form was sent from a page that is not the sandbox's own.")


def _secured(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
