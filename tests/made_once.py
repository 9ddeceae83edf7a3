"""What the many apps of one run have in common is made for the first of them, and kept.

Every test builds an app of its own, as it is served. Parsing the same templates and addresses
again each time, and writing out the same statements, took most of the time that tests took.
What is kept here depends on its source alone: nothing that one test does reaches another.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Flask
from flask.blueprints import BlueprintSetupState
from flask_sqlalchemy import SQLAlchemy
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Map, Rule, RuleFactory

STATEMENTS_MAX = 5_000
# What else is said of an address, but how it is written, its defaults and methods.
SAID = (
    *("endpoint", "subdomain", "host", "build_only", "alias", "redirect_to", "websocket"),
    *("strict_slashes", "merge_slashes", "provide_automatic_options"),
)
NOT_TAKEN_ALONG = ("websocket", "merge_slashes", "provide_automatic_options")
# Python looks for cycles every 700 new objects; two thirds of building an app were spent on that.
OBJECTS_BETWEEN_SEARCHES = 50_000


def make_once() -> None:
    """Let the apps of this process share what is the same in all of them."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_map_class = RememberingMap
    BlueprintSetupState.add_url_rule = _add_url_rule
    SQLAlchemy._make_engine = _make_engine


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates: each by its place, its text and who reads it."""

    def __init__(self) -> None:
        self._compiled = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the template as it was compiled before, if it was."""
        bucket.code = self._compiled.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was compiled."""
        self._compiled[_key(bucket)] = bucket.code


def _key(bucket: Bucket) -> tuple:
    return (bucket.key, bucket.checksum, *bucket.environment.extensions)


class RememberingMap(Map):
    """The addresses of an app: taken apart once for all apps that have the same ones.

    They are looked at when somebody asks for one, so an app that nobody asks needs none of it.
    """

    _made: ClassVar[dict[tuple, Map]] = {}

    def __init__(self, **options: Any) -> None:
        self._given: list[Rule] = []
        super().__init__(**options)

    def add(self, rulefactory: RuleFactory) -> None:
        """Note an address."""
        self._given += rulefactory.get_rules(self)
        self._remap = True

    @property
    def latest(self) -> Rule:
        """The address that was noted last; it belongs to no map."""
        return self._given[-1]

    def update(self) -> None:
        """Take what another map has made of the same addresses, or let one be made of them."""
        if not self._remap:
            return
        with self._remap_lock:
            converters = tuple(self.converters.items())
            key = (self.host_matching, converters, *map(_described, self._given))
            made = self._made.get(key)
            if made is None:
                made = Map(converters=self.converters, host_matching=self.host_matching)
                for rule in self._given:
                    made.add(_anew(rule))
                made.update()
                self._made[key] = made
            # Neither is ever changed here: with one address more, another map is made.
            self._matcher, self._rules_by_endpoint = made._matcher, made._rules_by_endpoint
            self._remap = False


_addresses: dict[tuple, Rule] = {}
_add_url_rule_alone = BlueprintSetupState.add_url_rule


def _add_url_rule(
    state: BlueprintSetupState,
    rule: str,
    endpoint: str | None = None,
    view_func: Callable | None = None,
    **options: Any,
) -> None:
    """Give the app an address of a blueprint's, as the blueprint has given it to one before."""
    app = state.app
    place = (state.name_prefix, state.name, state.url_prefix, state.subdomain)
    given = (rule, endpoint, view_func, repr(options), repr(state.url_defaults))
    key = (*place, *given, app.config["PROVIDE_AUTOMATIC_OPTIONS"], app.url_rule_class)
    known = _addresses.get(key)
    is_new = known is None or known.endpoint in app.view_functions or view_func is None
    if is_new or not isinstance(app.url_map, RememberingMap):
        # Whatever is wrong with it is said there.
        _add_url_rule_alone(state, rule, endpoint, view_func, **options)
        if isinstance(app.url_map, RememberingMap):
            _addresses[key] = app.url_map.latest
        return
    app.url_map.add(known)
    app.view_functions[known.endpoint] = view_func


def _described(rule: Rule) -> tuple:
    """Return all that is said of an address, which nobody changes from then on."""
    if "described" not in rule.__dict__:
        said = (getattr(rule, name) for name in SAID)
        methods = frozenset(rule.methods or ())
        rule.described = (rule.rule, repr(rule.defaults), methods, *said)
    return rule.described


def _anew(rule: Rule) -> Rule:
    """Return an address that belongs to no map."""
    anew = rule.empty()
    for name in NOT_TAKEN_ALONG:
        setattr(anew, name, getattr(rule, name))
    return anew


class Written:
    """One kind of database: the dialect that has met it, and the statements written out in it."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.statements = LRUCache(STATEMENTS_MAX)


_written: dict[str, Written] = {}
_make_engine_alone = SQLAlchemy._make_engine


def remember_dialect(engine: Engine) -> None:
    """Let later engines write their statements as this one does, which has been connected."""
    _written.setdefault(engine.dialect.name, Written(engine.dialect))


def _make_engine(extension: SQLAlchemy, bind_key: str | None, options: dict, app: Flask) -> Engine:
    engine = _make_engine_alone(extension, bind_key, options, app)
    written = _written.get(engine.dialect.name)
    if written is not None:
        engine.dialect = written.dialect
        engine.update_execution_options(compiled_cache=written.statements)
    return engine
