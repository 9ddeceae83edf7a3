"""What the many apps of one run have in common is made for the first of them, and kept.

Every test builds an app of its own, as it is served. Parsing the same templates and addresses
again each time, and writing out the same statements, took most of the time that tests took.
What is kept here depends on its source alone: nothing that one test does reaches another.
"""

from typing import ClassVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

STATEMENTS_MAX = 5_000
# Python looks for cycles every 700 new objects; two thirds of building an app were spent on that.
OBJECTS_BETWEEN_SEARCHES = 50_000


def make_once() -> None:
    """Let the apps of this process share what is the same in all of them."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = RememberingRule
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


class RememberingRule(Rule):
    """An address that is not parsed again for each app: what comes of it knows nothing of them."""

    _compiled: ClassVar[dict] = {}

    def compile(self) -> None:
        """Take what came of the same address before, if it was there."""
        key = (self.rule, self.host, self.subdomain, self.merge_slashes, repr(self.defaults))
        key += (self.map.host_matching, *self.map.converters.items())
        if key not in self._compiled:
            super().compile()
            self._compiled[key] = (
                *(self._parts, self._trace, self._converters, self.arguments),
                *(self._build.__func__, self._build_unknown.__func__),
            )
            return
        self._parts, self._trace, self._converters, self.arguments, *builders = self._compiled[key]
        self._build, self._build_unknown = (builder.__get__(self, None) for builder in builders)


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
