"""A chat model behind any OpenAI-compatible server: vLLM, TGI, llama.cpp, Ollama.

It does not know what a good answer is. The key stays in its environment variable: it is read for each
request and stands in no error text and no log.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator as Yielding
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import GenerationError
from ragbot.types import Generation, Message

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState, Retrying

    from ragbot.settings import GeneratorSettings

ATTEMPTS = 4
"""How often a request is sent before it counts as failed."""
LONGEST_WAIT = 20.0
"""Seconds between two attempts at most, whatever Retry-After asks for."""
_MESSAGE_TOKENS = 16
"""Allowance for what a chat template puts around one message: ChatML takes 5, Llama 3 takes 5, with dates in
the system prompt 25 once. Counted generously, since the count is promised as an upper bound."""
_BODY_TAIL = 300


class _Retryable(Exception):
    """A failure that may pass: no connection, 429, 5xx. `wait` is what Retry-After asked for, in seconds."""

    def __init__(self, message: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.wait = wait


class RemoteGenerator:
    """Streams from `{base_url}/chat/completions` at temperature 0. Safe to use from several threads."""

    def __init__(self, settings: GeneratorSettings, *, first_wait: float = 0.5) -> None:
        """`first_wait`: seconds before the second attempt; it doubles from one to the next."""
        import httpx

        self.name = settings.model
        self.context_tokens = settings.context_tokens
        self._key_env = settings.api_key_env
        self._url = settings.base_url.rstrip("/") + "/chat/completions"
        self._first_wait = first_wait
        self._client = httpx.Client(timeout=settings.timeout_seconds)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """An upper bound: one token for each UTF-8 byte, and 16 for what surrounds each message.

        No byte-level tokenizer makes more; English text really has about a quarter of it. The server's
        tokenizer is not known here, and a prompt must not outgrow its window.
        """
        return sum(len(each.content.encode("utf-8", "replace")) + _MESSAGE_TOKENS for each in messages) + 32

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        """Yield text as it comes; return the whole `Generation`, its time in seconds.

        Tried up to four times on no connection, 429 and 5xx, with growing pauses or what Retry-After asks
        for, but never once text has come. Raises `GenerationError`, its `status` the server's.
        """
        started = time.perf_counter()
        body = {
            "model": self.name,
            "messages": [{"role": each.role, "content": each.content} for each in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        parts: list[str] = []
        finish: Literal["stop", "length"] = "stop"
        usage: Mapping[str, Any] = {}
        with self._answer(body) as response:
            for event in self._events(response):
                usage = event.get("usage") or usage
                for choice in event.get("choices") or ():
                    if piece := (choice.get("delta") or {}).get("content"):
                        parts.append(piece)
                        yield piece
                    finish = "length" if choice.get("finish_reason") == "length" else finish
        return Generation(
            text="".join(parts),
            model=self.name,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
            finish_reason=finish,
            seconds=time.perf_counter() - started,
        )

    @contextmanager
    def _answer(self, body: Mapping[str, Any]) -> Iterator[httpx.Response]:
        """The server's 200, its body not yet read, after as many attempts as it takes; closed at the end."""
        try:
            response: httpx.Response = self._retrying()(self._send, body)
        except _Retryable as error:
            raise GenerationError(
                f"{error}, {ATTEMPTS} times; is the server up?", status=error.status
            ) from error
        try:
            yield response
        finally:
            response.close()

    def _retrying(self) -> Retrying:
        from tenacity import (
            Retrying,
            retry_if_exception_type,
            stop_after_attempt,
            wait_exponential,
            wait_random,
        )

        backoff = wait_exponential(multiplier=self._first_wait, max=LONGEST_WAIT) + wait_random(
            0, self._first_wait
        )

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, _Retryable) else None
            return backoff(state) if asked is None else min(asked, LONGEST_WAIT)

        return Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait,
            retry=retry_if_exception_type(_Retryable),
            reraise=True,
        )

    def _send(self, body: Mapping[str, Any]) -> httpx.Response:
        import httpx

        key = os.environ.get(self._key_env, "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        request = self._client.build_request("POST", self._url, json=dict(body), headers=headers)
        try:
            response = self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise _Retryable(f"{self._url} cannot be reached ({type(error).__name__}: {error})") from error
        if response.status_code == httpx.codes.OK:
            return response
        self._refused(response, key)
        raise AssertionError("unreachable")

    def _refused(self, response: httpx.Response, key: str) -> None:
        """Raise what a status other than 200 means, with the end of what the server said of it."""
        import httpx

        try:
            said = response.read().decode("utf-8", "replace").strip()[-_BODY_TAIL:]
        except httpx.TransportError:
            said = ""
        finally:
            response.close()
        if key:
            said = said.replace(key, "***")
        status = response.status_code
        message = f"{self._url} answered {status}" + (f": {said}" if said else "")
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _Retryable(message, status=status, wait=_seconds(response.headers.get("retry-after")))
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            message += f"; put the server's key into the environment variable {self._key_env}"
        raise GenerationError(message, status=status)

    def _events(self, response: httpx.Response) -> Iterator[Mapping[str, Any]]:
        """The server-sent events up to `[DONE]`; a stream that ends or breaks before is an error."""
        import httpx

        finished = False
        try:
            for line in response.iter_lines():
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    return
                event = self._parsed(data)
                finished = finished or any(each.get("finish_reason") for each in event.get("choices") or ())
                yield event
        except httpx.TransportError as error:
            raise GenerationError(
                f"{self._url} broke off in the middle of its answer ({type(error).__name__}: {error})"
            ) from error
        if not finished:
            raise GenerationError(f"{self._url} ended in the middle of its answer")

    def _parsed(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except ValueError as error:
            raise GenerationError(f"{self._url} sent something that is no JSON: {data[:80]!r}") from error
        if not isinstance(event, dict):
            raise GenerationError(f"{self._url} sent something that is no event: {data[:80]!r}")
        if event.get("error"):
            raise GenerationError(f"{self._url} failed in its answer: {str(event['error'])[:_BODY_TAIL]}")
        return event


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After as seconds: a number, or a date as HTTP writes it; None where it says nothing usable."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
