"""The guard of browser forms; entrypoints that prove themselves by key or signature opt out."""

from flask import Flask, current_app, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from app.foundation.web_addresses import split_address

csrf = CSRFProtect()

# The door that browsers come through.
FORMS = "web"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# `none`: typed into the address bar, or sent by a program. Another host of our own site is foreign.
OWN_SITE = ("same-origin", "none")


class ForeignForm(CSRFError):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form that another site sends, whoever is signed in here or is not."""


def register_csrf(app: Flask) -> None:
    """Guard all forms: by a token, and by what browsers say of where a request comes from."""
    # Before the token is looked at: the library would stumble over a referrer that is no address.
    app.before_request(_refuse_foreign_forms)
    csrf.init_app(app)


def comes_from_elsewhere() -> bool:
    """Tell whether another site leads here, as far as the browser says so."""
    site = request.headers.get("Sec-Fetch-Site")
    return site is not None and site not in OWN_SITE


def _refuse_foreign_forms() -> None:
    # Who proves himself by a key or a signature has no cookie that somebody could borrow.
    is_for_browsers = (request.blueprint or "").partition(".")[0] == FORMS
    if request.method in SAFE_METHODS or not is_for_browsers:
        return
    origin = request.headers.get("Origin", "null")
    # A proxy may ask us by another name than ours.
    own_hosts = (request.host, split_address(current_app.config["SETTINGS"].base_url).netloc)
    # Some browsers hide the origin where they hide the referrer; then the token decides alone.
    is_foreign = origin != "null" and split_address(origin).netloc not in own_hosts
    # A browser sends no referrer, or one that is an address.
    is_odd = request.referrer is not None and not split_address(request.referrer).netloc
    if is_foreign or is_odd or comes_from_elsewhere():
        raise ForeignForm("This form was sent from another site.")


def exempt(app: Flask, *, door: str) -> None:
    """Let a registered blueprint, with everything nested in it, do without form tokens."""
    for name, blueprint in app.blueprints.items():
        if name == door or name.startswith(f"{door}."):
            csrf.exempt(blueprint)
