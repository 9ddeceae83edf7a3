"""What every answer tells the browser not to do."""

import re
from base64 import b64encode
from hashlib import sha256

from flask import Flask, Response, current_app, request

# Everything comes from our own files: no inline script or style, no other host, no frame.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# For what was written for mail programs: no script, no form, no request; only its own looks,
# which it carries along.
SANDBOXED_POLICY = (
    "default-src 'none'; style-src {looks}; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
LOOKS = re.compile(r"<style>(.*?)</style>", re.DOTALL)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Forms compare the referrer with our own address; nobody else learns it.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
A_YEAR_SECONDS = 31_536_000
STAY_SECURE = ("Strict-Transport-Security", f"max-age={A_YEAR_SECONDS}; includeSubDomains")
# Released files carry their version in their path, so they never change.
VENDORED = "/static/vendor/"
STATIC = "/static/"
REFUSED_FROM = 400


def let_forms_lead_to(response: Response, *origins: str) -> Response:
    """Let this page's forms lead to other hosts too: browsers hold redirects to the same rule."""
    allowed = " ".join(("form-action 'self'", *origins))
    policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", allowed)
    response.headers["Content-Security-Policy"] = policy
    return response


def let_own_frames_in(response: Response) -> Response:
    """Let this page show another of our pages in a frame."""
    response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
    return response


def let_it_be_framed(response: Response) -> Response:
    """Let our pages show this one in a frame, with the styles in its head and nothing else."""
    head = LOOKS.search(response.get_data(as_text=True))
    digest = sha256(head[1].encode() if head else b"").digest()
    looks = f"'sha256-{b64encode(digest).decode()}'"
    response.headers["Content-Security-Policy"] = SANDBOXED_POLICY.format(looks=looks)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def register_security_headers(app: Flask) -> None:
    """Put the headers on every answer of the app."""
    app.after_request(_secured)


def _secured(response: Response) -> Response:
    # An answer that needs more than the rest may say so itself.
    said = {name.lower() for name, _value in response.headers}
    response.headers.extend([each for each in HEADERS.items() if each[0].lower() not in said])
    # Where we are reached by https, a proxy that says nothing of it changes nothing.
    if request.is_secure or current_app.config["SETTINGS"].secure_cookies:
        response.headers.setdefault(*STAY_SECURE)
    _say_who_may_keep_it(response)
    return response


def _say_who_may_keep_it(response: Response) -> None:
    if not request.path.startswith(STATIC) or response.status_code >= REFUSED_FROM:
        response.headers.setdefault("Cache-Control", "no-store")
    elif request.path.startswith(VENDORED):
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
