"""Sends webhooks as providers do: signed, again and again until they are accepted."""

import http.client
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from app.sandbox import deliveries, letters
from app.sandbox.core import Sandbox
from app.sandbox.deliveries import Delivery
from app.sandbox.letters import Letter

SENDERS = 4
ANSWER_SECONDS = 10
# How long sessions that expire unwatched may wait to be noticed.
ROUND_SECONDS = 1.0
ACCEPTED = range(200, 300)

logger = logging.getLogger(__name__)


class Courier:
    """A background thread that looks for due webhooks, and a few that send them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stopping = threading.Event()
        self._sending: set[int] = set()
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="sandbox-webhook")
        self._thread = threading.Thread(target=self._run, name="sandbox-courier", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier run has left over."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being sent; the rest waits in the file."""
        self._stopping.set()
        self._sandbox.has_news.set()
        self._thread.join()
        self._senders.shutdown()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._sandbox.has_news.clear()
            try:
                pause = self._send_due()
            except Exception:
                logger.exception("The sandbox could not look for webhooks to send.")
                pause = ROUND_SECONDS
            self._sandbox.has_news.wait(pause)

    def _send_due(self) -> float:
        """Hand out what is due, and return for how long there is nothing more to do."""
        # Taken before the look: what is finished meanwhile may still look due in what was read.
        under_way = set(self._sending)
        with self._sandbox.work() as work:
            now = self._sandbox.clock()
            found = deliveries.due(work.connection, now=now)
            next_at = deliveries.next_due_at(work.connection, now=now)
        for delivery in found:
            if delivery.id not in under_way:
                self._sending.add(delivery.id)
                self._senders.submit(self._send, delivery)
        return ROUND_SECONDS if next_at is None else min(ROUND_SECONDS, next_at - now)

    def _send(self, delivery: Delivery) -> None:
        sandbox = self._sandbox
        try:
            with sandbox.work() as work:
                event = work.of_any_kind(delivery.event_id) or {}
            answer, accepted = _post(letters.letter(sandbox, event))
            with sandbox.work() as work:
                deliveries.record(
                    work.connection,
                    delivery,
                    answer,
                    accepted=accepted,
                    now=sandbox.clock(),
                    retry_seconds=sandbox.settings.webhook_retry_seconds,
                )
                if accepted and "pending_webhooks" in event:
                    work.change(event, {"pending_webhooks": 0})
        except Exception:
            logger.exception("The sandbox could not send the event %s.", delivery.event_id)
        finally:
            self._sending.discard(delivery.id)


def _post(letter: Letter) -> tuple[str, bool]:
    """Return what the endpoint answered, or why it did not, and whether it took the event."""
    parts = urlsplit(letter.url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    path = parts.path or "/"
    try:
        connection.request(
            "POST",
            f"{path}?{parts.query}" if parts.query else path,
            letter.body,
            dict(letter.headers),
        )
        # A redirect is not followed: providers take it as a refusal too.
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"no answer: {reason}", False
    finally:
        connection.close()
    return str(status), status in ACCEPTED
