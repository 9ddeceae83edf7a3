"""Which language a reader is spoken to in, and the templates' ways to speak it.

A signed-in customer has chosen it in the settings; a visitor by the switch, which a cookie
remembers; before that it is what the browser asks for.
"""

import re
from contextlib import AbstractContextManager, suppress
from typing import cast

import flask_babel
from flask import Flask, current_app, has_request_context, request
from flask_babel import Babel, lazy_gettext
from flask_login import current_user
from jinja2 import Environment
from markupsafe import Markup, escape

from app.domain.catalog.shipped_words import SHIPPED
from app.foundation import languages, sentences
from app.foundation.languages import ENGLISH, LANGUAGES, SENTENCE_GAPS
from app.foundation.store_away import STORE_AWAY

COOKIE = "language"
PREFIX = "__Host-"

# Other plans are called what the operator calls them; this one we have named ourselves.
NO_PLAN = sentences.say("Pay as you go")
SPACE_AFTER_SENTENCE = re.compile(r"(?<=[。！？])\s+(?=\S)")

# For what stands in the code of pages before any reader is known: the labels of forms.
field_label = lazy_gettext


class Catalogs(flask_babel.Domain):  # type: ignore[misc]  # Flask-Babel ships no types
    """Our catalogs, as Flask-Babel's lazy texts ask for them."""

    def get_translations(self) -> object:
        """Return the translations into the reader's language."""
        return languages.translations(language())


def register_languages(app: Flask) -> None:
    """Let each request choose its language, and all pages speak it."""
    babel = Babel(app, locale_selector=_choose, configure_jinja=False)
    babel.domain_instance = Catalogs()
    teach(app.jinja_env)
    app.before_request(flask_babel.refresh)


def teach(environment: Environment) -> None:
    """Let templates say `_("…")` and `{% trans %}`, and show sentences in the reader's language."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        gettext=lambda text: languages.translations(language()).gettext(text),
        ngettext=lambda one, many, number: languages.translations(language()).ngettext(
            one, many, number
        ),
        newstyle=True,
        pgettext=lambda about, text: languages.translations(language()).pgettext(about, text),
    )
    environment.finalize = translated
    environment.filters["translated"] = translated
    environment.filters["plan_called"] = plan_called
    environment.filters["plan_says"] = plan_says
    environment.filters["running_on"] = running_on
    environment.globals["language"] = language
    environment.globals["language_tag"] = language_tag
    environment.globals["language_names"] = languages.NAMES
    environment.globals["language_tags"] = LANGUAGES


def cookie_name() -> str:
    """Return under which name a browser keeps the language: by https, no other host may set it."""
    settings = current_app.config["SETTINGS"]
    return f"{PREFIX}{COOKIE}" if settings.secure_cookies else COOKIE


def language() -> str:
    """Return the code of the reader's language; English where nobody reads."""
    chosen = flask_babel.get_locale()
    return ENGLISH if chosen is None else str(chosen.language)


def language_tag() -> str:
    """Return the reader's language as browsers call it: en, zh-Hans."""
    return LANGUAGES[language()]


def speaking(code: str) -> AbstractContextManager[None]:
    """Speak this language for a while: a mail's reader is not the one who asked for it."""
    return cast(AbstractContextManager[None], flask_babel.force_locale(code))


def translated(value: object) -> object:
    """Return a sentence in the reader's language; all else as it is."""
    return sentences.in_language(value, language())


def plan_called(name: str) -> object:
    """Return what a plan is called in the reader's language."""
    return translated(NO_PLAN) if name == NO_PLAN else name


def plan_says(words: str) -> object:
    """Return what a plan says of itself, in the reader's language where the words came with us."""
    return translated(SHIPPED.get(words, words))


def running_on(text: str) -> Markup:
    """Return the sentences of a paragraph with what the reader's language puts between them.

    It is a template's block, whose texts were escaped before; what was not is escaped now.
    """
    running = SPACE_AFTER_SENTENCE.sub(SENTENCE_GAPS[language()], escape(text))
    return Markup(running)  # noqa: S704  # nosec B704  # escaped above


def wanted_by_browser() -> str:
    """Return what the switch or the browser's own languages ask for."""
    chosen = request.cookies.get(cookie_name(), "")
    return (
        chosen
        if chosen in LANGUAGES
        else languages.best_language(request.accept_languages.values())
    )


def _choose() -> str:
    if not has_request_context():
        return ENGLISH
    # The page that says that the database is away has a reader, too.
    with suppress(*STORE_AWAY):
        if current_user.is_authenticated:
            return str(current_user.account.locale)
    return wanted_by_browser()
