"""Access tokens: who has one may call the API until it ends, or the sandbox is started anew."""

import secrets
import threading

# The one account there is; any other belongs to PayPal itself, perhaps with real money.
ACCOUNT = "paypal_sandbox"
LIVES_SECONDS = 9 * 60 * 60


class Tokens:
    """The tokens that were given out."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}
        self._lock = threading.Lock()

    def give(self, *, now: float) -> str:
        """Return a new token."""
        token = f"A21AA{secrets.token_urlsafe(40)}"
        with self._lock:
            self._ends = {old: end for old, end in self._ends.items() if end > now}
            self._ends[token] = now + LIVES_SECONDS
        return token

    def is_good(self, token: str, *, now: float) -> bool:
        """Tell whether somebody with this token may come in."""
        with self._lock:
            return self._ends.get(token, now) > now

    def take_back(self) -> None:
        """Let no token be good any more."""
        with self._lock:
            self._ends.clear()
