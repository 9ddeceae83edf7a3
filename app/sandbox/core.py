"""The running sandbox: its settings, its file, its clock."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from app.sandbox.paypal.tokens import Tokens
from app.sandbox.paypal.work import PayPalWork
from app.sandbox.settings import SandboxSettings
from app.sandbox.storage import Storage
from app.sandbox.stripe import checkout_sessions
from app.sandbox.stripe.idempotency import RunningKeys
from app.sandbox.stripe.work import Cause, Work

EXTENSION = "sandbox"
NO_CAUSE = Cause()


@dataclass(slots=True)
class Sandbox:
    """Everything that lives longer than a request."""

    settings: SandboxSettings
    storage: Storage
    clock: Callable[[], float] = time.time
    running_keys: RunningKeys = field(default_factory=RunningKeys)
    paypal_tokens: Tokens = field(default_factory=Tokens)
    # Where it is served; messages of PayPal's say where their certificate stands.
    address: str = ""
    # Set whenever something was written: it may be a webhook to send.
    has_news: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def work(self, *, base_url: str = "", cause: Cause = NO_CAUSE) -> Iterator[Work]:
        """Read and write inside a transaction, in a world where due sessions have expired."""
        # On its own: what time has done is not undone when the request is refused.
        with self._transaction(base_url, NO_CAUSE) as work:
            checkout_sessions.expire_due(work)
        with self._transaction(base_url, cause) as work:
            yield work

    @contextmanager
    def paypal_work(self, *, base_url: str = "") -> Iterator[PayPalWork]:
        """Read and write what is PayPal's, inside a transaction."""
        with self._noticing() as connection:
            yield PayPalWork(
                connection,
                now=self.clock(),
                base_url=base_url or self.address,
                has_endpoint=bool(self.settings.paypal_webhook_url),
            )

    @contextmanager
    def _transaction(self, base_url: str, cause: Cause) -> Iterator[Work]:
        with self._noticing() as connection:
            yield Work(
                connection,
                now=self.clock(),
                base_url=base_url,
                has_endpoint=bool(self.settings.webhook_url),
                cause=cause,
            )

    @contextmanager
    def _noticing(self) -> Iterator[sqlite3.Connection]:
        with self.storage.transaction() as connection:
            changes_before = connection.total_changes
            yield connection
            has_changed = connection.total_changes != changes_before
        if has_changed:
            self.has_news.set()


def current_sandbox() -> Sandbox:
    """Return the sandbox that answers this request."""
    return cast(Sandbox, current_app.extensions[EXTENSION])
