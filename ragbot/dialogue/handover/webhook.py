"""Hand-overs by HTTP: one POST of JSON for each, signed, and the thread that sends what is due.

Each request carries `Idempotency-Key` (the hand-over's id: the same packet may come twice), `X-Ragbot-Timestamp`
(seconds since the epoch) and, where there is a secret, `X-Ragbot-Signature`: `sha256=` and the HMAC of the timestamp,
a full stop and the body. The secret is read for each request and stands in no log; nor does what a customer said.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from ragbot.database import Database
from ragbot.dialogue.handover.outbox import Claim, Outbox
from ragbot.errors import RagbotError, SettingsError

if TYPE_CHECKING:
    import httpx

    from ragbot.settings import HandoverSettings

_LOOK_AGAIN = 60.0
"""Seconds after which the thread looks for packets that other processes have added; its own wake it."""
_PASSING = frozenset({408, 425, 429})
"""Client errors that may pass: too slow, too early, too many."""

_logger = logging.getLogger("ragbot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt."""

    kind: Literal["delivered", "again", "refused"]
    detail: str
    """`HTTP 503`, `ConnectError`."""
    answered: bool = True
    """Whether the receiver said so, rather than the network."""
    wait: float | None = None
    """Seconds that the receiver asks for."""


class Sender(Protocol):
    """Gives a packet to whoever takes over."""

    def send(self, claim: Claim) -> Outcome:
        """Never raises for what the receiver or the network does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One pass over what was due."""

    delivered: int = 0
    failed: int = 0
    """Tried in vain, and to be tried again."""
    refused: int = 0
    next_at: float | None = None
    """When something can be tried next, seconds since the epoch; None: nothing waits."""


class Webhook:
    """The `Sender` of the settings. Safe to use from several threads."""

    def __init__(self, settings: HandoverSettings, *, clock: Callable[[], float] = time.time) -> None:
        """Raises `SettingsError` where `handover.webhook` is no http or https address."""
        import httpx

        check_url(settings.webhook)
        self._url = settings.webhook
        self._secret_env = settings.secret_env
        self._clock = clock
        self._client = httpx.Client(timeout=settings.timeout_seconds, follow_redirects=False)

    def send(self, claim: Claim) -> Outcome:
        """POST it once. No redirect is followed: a packet goes where the settings say and nowhere else."""
        import httpx

        try:
            with self._client.stream(
                "POST", self._url, content=claim.body, headers=self._headers(claim)
            ) as response:
                return _judged(response, self._clock())  # its body is never read: the status says it all
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            return Outcome(kind="again", detail=type(error).__name__, answered=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _headers(self, claim: Claim) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": claim.id,
            "User-Agent": "ragbot",
            "X-Ragbot-Timestamp": timestamp,
        }
        secret = os.environ.get(self._secret_env, "")
        if secret:
            headers["X-Ragbot-Signature"] = sign(secret, timestamp, claim.body)
        return headers


class Courier:
    """Sends what is due: in a thread once started, or one pass at a time. Threads may share it.

    courier = open_courier(database, settings.handover)
    courier.start()
    courier.outbox.add(handover)      # inside the transaction of the exchange
    courier.wake()                    # after it
    """

    def __init__(self, outbox: Outbox, sender: Sender) -> None:
        self.outbox = outbox
        self._sender = sender
        self._pass = threading.Lock()
        self._news = threading.Condition()
        self._woken = False
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, which begins with what waits since earlier; once is enough."""
        with self._news:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="ragbot-courier", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Say that a packet was added."""
        with self._news:
            self._woken = True
            self._news.notify()

    def deliver_due(self) -> Delivery:
        """Send what is due now, oldest first. Raises `KnowledgeBaseError` if the outbox cannot be used."""
        counts = {"delivered": 0, "again": 0, "refused": 0}
        with self._pass:
            while not self._stopped and (claim := self.outbox.claim()) is not None:
                outcome = self._attempt(claim, counts)
                if outcome.kind == "again" and outcome.answered:
                    self._try_behind(claim, counts)
        return Delivery(
            delivered=counts["delivered"],
            failed=counts["again"],
            refused=counts["refused"],
            next_at=self.outbox.next_at(),
        )

    def close(self, *, wait: float = 2.0) -> None:
        """Stop. A request under way is given `wait` seconds; later its packet counts as not sent, and is sent again
        when its lease runs out. Close the outbox's database after this."""
        with self._news:
            self._stopped = True
            self._news.notify()
            thread = self._thread
        if thread is not None:
            thread.join(wait)

    def _attempt(self, claim: Claim, counts: dict[str, int], *, past: str | None = None) -> Outcome:
        outcome = self._sender.send(claim)
        counts[outcome.kind] += 1
        if outcome.kind == "delivered":
            self.outbox.delivered(claim, past=past)
        elif outcome.kind == "refused":
            self.outbox.refused(claim, outcome.detail)
        else:
            self.outbox.failed(claim, outcome.detail, wait=outcome.wait)
        level = logging.INFO if outcome.kind == "delivered" else logging.WARNING
        _logger.log(
            level, "handover %s %s: %s, attempt %d", claim.id, outcome.kind, outcome.detail, claim.attempt
        )
        return outcome

    def _try_behind(self, failed: Claim, counts: dict[str, int]) -> None:
        """Is it the receiver or this packet? If a later one is taken, this one steps aside."""
        while not self._stopped and (claim := self.outbox.claim(behind=failed.id)) is not None:
            if self._attempt(claim, counts, past=failed.id).kind != "refused":
                return

    def _run(self) -> None:
        while not self._stopped:
            pause = _LOOK_AGAIN
            try:
                next_at = self.deliver_due().next_at
                if next_at is not None:
                    pause = min(max(next_at - self.outbox.clock(), 0.0), _LOOK_AGAIN)
            except RagbotError as error:  # the file is locked or gone: the next look may do better
                if not self._stopped:
                    _logger.warning("handovers cannot be delivered now: %s", type(error).__name__)
            with self._news:
                if not self._woken and not self._stopped:
                    self._news.wait(pause)
                self._woken = False


def open_courier(database: Database, settings: HandoverSettings) -> Courier | None:
    """The courier of the settings over the chat memory, not yet started; None where no webhook is set.

    Raises `SettingsError` where the webhook is no address."""
    if not settings.webhook:
        return None
    # connecting, sending and receiving may each take the timeout
    outbox = Outbox(database, lease_seconds=3 * settings.timeout_seconds + 30)
    return Courier(outbox, Webhook(settings))


def check_url(url: str) -> None:
    """Raises `SettingsError` unless it is an http or https address with a host."""
    import httpx

    try:
        parsed = httpx.URL(url)
        right = parsed.scheme in ("http", "https") and bool(parsed.host)
    except httpx.InvalidURL:
        right = False
    if not right:
        raise SettingsError(
            f"handover.webhook: {url!r} is no address; write it like 'https://desk.example/handovers'"
        )


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What `X-Ragbot-Signature` must be: compare with `hmac.compare_digest`, and drop what is old."""
    key = secret.encode("utf-8", "surrogateescape")  # as the environment holds it
    made = hmac.new(key, timestamp.encode("ascii") + b"." + body, hashlib.sha256)
    return f"sha256={made.hexdigest()}"


def _judged(response: httpx.Response, now: float) -> Outcome:
    status = response.status_code
    detail = f"HTTP {status}"
    if response.is_success:
        return Outcome(kind="delivered", detail=detail)
    if response.is_client_error and status not in _PASSING:
        return Outcome(kind="refused", detail=detail)
    if response.is_redirect:
        detail += ": redirects are not followed; set handover.webhook to the new address"
    return Outcome(kind="again", detail=detail, wait=_seconds(response.headers.get("retry-after"), now))


def _seconds(retry_after: str | None, now: float) -> float | None:
    """Retry-After as seconds from now: a number, or a date as HTTP writes it; None where it says nothing usable."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, OverflowError):
        return None
