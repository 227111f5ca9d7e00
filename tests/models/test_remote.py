"""The remote generator against a real HTTP server on this machine that misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ragbot.errors import GenerationError
from ragbot.models.generate import load_generator
from ragbot.models.remote import RemoteGenerator, _seconds
from ragbot.settings import GeneratorSettings, ModelsSettings
from ragbot.types import Generation, Message

HELLO = [Message(role="user", content="Hello 你好")]
Act = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Does what the server's script says next, and keeps what it was sent."""

    server: Server

    def do_POST(self) -> None:
        """One chat completion."""
        length = int(self.headers["Content-Length"])
        self.server.requests.append((self.path, dict(self.headers), json.loads(self.rfile.read(length))))
        self.server.script.pop(0)(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def refuse(self, status: int, body: str = "", **headers: str) -> None:
        """Answer with a status and a short body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def events(self, *lines: str) -> None:
        """Answer 200 and server-sent events, then close."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for line in lines:
            self.wfile.write(f"{line}\n\n".encode())
            self.wfile.flush()


class Server(ThreadingHTTPServer):
    """A server with a script of answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Act] = []
        self.requests: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        """What goes into `base_url`."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


def piece(text: str, finish: str | None = None) -> str:
    """One event with a bit of text."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return "data: " + json.dumps({"choices": [choice]})


def answer(finish: str = "stop") -> Act:
    """A whole good answer."""
    usage = 'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}'
    return lambda handler: handler.events(
        ": comment", piece("Hi"), piece(" there 你"), piece("", finish), usage, "data: [DONE]"
    )


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def remote(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteGenerator]:
    """The generator that talks to it, with a key and short pauses."""
    monkeypatch.setenv("RAGBOT_API_KEY", "sk-secret")
    made = RemoteGenerator(
        GeneratorSettings(model="big", base_url=server.url + "/", timeout_seconds=5), first_wait=0.01
    )
    yield made
    made.close()


def run(generator: RemoteGenerator) -> tuple[list[str], Generation]:
    """All pieces and the final value."""
    stream = generator.stream(HELLO, max_tokens=7)
    pieces: list[str] = []
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as end:
            return pieces, end.value


def test_it_streams(server: Server, remote: RemoteGenerator) -> None:
    """Pieces come one by one; the value has the server's counts; the request is what the API asks for."""
    server.script = [answer()]
    pieces, value = run(remote)
    assert pieces == ["Hi", " there 你"]
    assert (value.text, value.model, value.finish_reason) == ("Hi there 你", "big", "stop")
    assert (value.prompt_tokens, value.completion_tokens) == (9, 3)
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer sk-secret"
    assert body["messages"] == [{"role": "user", "content": "Hello 你好"}]
    assert (body["model"], body["max_tokens"], body["temperature"], body["stream"]) == ("big", 7, 0, True)


def test_length_is_told_and_no_key_sends_none(
    server: Server, remote: RemoteGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """finish_reason `length` is kept; without the variable there is no header."""
    monkeypatch.delenv("RAGBOT_API_KEY")
    server.script = [answer("length")]
    assert run(remote)[1].finish_reason == "length"
    assert "Authorization" not in server.requests[0][1]


def test_it_tries_again(server: Server, remote: RemoteGenerator) -> None:
    """503, then 429 with Retry-After, then the answer."""
    server.script = [
        lambda handler: handler.refuse(503),
        lambda handler: handler.refuse(429, "slow down", Retry_After="0"),
        answer(),
    ]
    assert run(remote)[1].text == "Hi there 你"
    assert len(server.requests) == 3


def test_it_gives_up(server: Server, remote: RemoteGenerator) -> None:
    """Four failures are an error with the server's status and words."""
    server.script = [lambda handler: handler.refuse(500, "out of memory")] * 4
    with pytest.raises(GenerationError, match=r"500.*out of memory.*4 times") as caught:
        run(remote)
    assert caught.value.status == 500
    assert len(server.requests) == 4


def test_no_server_says_so() -> None:
    """A closed port is an error that names the address."""
    remote = RemoteGenerator(GeneratorSettings(base_url="http://127.0.0.1:9/v1"), first_wait=0.01)
    with pytest.raises(GenerationError, match=r"127\.0\.0\.1:9.*cannot be reached"):
        run(remote)
    remote.close()


def test_a_refused_key_is_not_retried_or_told(server: Server, remote: RemoteGenerator) -> None:
    """401 is final, names the variable, and shows the key nowhere, though the server echoes it."""
    server.script = [lambda handler: handler.refuse(401, "bad key sk-secret")]
    with pytest.raises(GenerationError, match="RAGBOT_API_KEY") as caught:
        run(remote)
    assert caught.value.status == 401
    assert "sk-secret" not in str(caught.value)
    assert "***" in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ((), "ended in the middle"),
        (("data: {rubbish",), "no JSON"),
        (("data: 17",), "no event"),
        (('data: {"error": {"message": "CUDA out of memory"}}',), "CUDA out of memory"),
    ],
)
def test_a_broken_answer_is_an_error_and_not_retried(
    server: Server, remote: RemoteGenerator, ending: tuple[str, ...], message: str
) -> None:
    """After text has come there is no second attempt: what came stands, then the error."""
    server.script = [lambda handler: handler.events(piece("Hi"), *ending)]
    stream = remote.stream(HELLO, max_tokens=7)
    assert next(stream) == "Hi"
    with pytest.raises(GenerationError, match=message):
        next(stream)
    assert len(server.requests) == 1


def test_a_cut_connection_is_an_error(server: Server, remote: RemoteGenerator) -> None:
    """A body shorter than announced is told apart from a whole one."""

    def cut(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(f"{piece('Hi')}\n\n".encode())

    server.script = [cut]
    stream = remote.stream(HELLO, max_tokens=7)
    assert next(stream) == "Hi"
    with pytest.raises(GenerationError, match="broke off"):
        next(stream)


def test_a_silent_server_times_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer within the timeout counts as not reachable."""
    release = threading.Event()

    def silent(handler: Handler) -> None:
        release.wait(5)

    server.script = [silent] * 4
    remote = RemoteGenerator(GeneratorSettings(base_url=server.url, timeout_seconds=0.05), first_wait=0.01)
    with pytest.raises(GenerationError, match="ReadTimeout"):
        run(remote)
    release.set()
    remote.close()


def test_closing_early_closes_the_connection(server: Server, remote: RemoteGenerator) -> None:
    """A consumer that has read enough may leave; the next request works."""
    server.script = [answer(), answer()]
    stream = remote.stream(HELLO, max_tokens=7)
    assert next(stream) == "Hi"
    stream.close()
    assert run(remote)[1].text == "Hi there 你"


def test_tokens_are_bounded_from_above(remote: RemoteGenerator) -> None:
    """A byte is at most a token: the count never falls short."""
    few = remote.count_tokens(HELLO)
    assert few >= len("Hello 你好".encode())
    assert remote.count_tokens([*HELLO, *HELLO]) > few


def test_the_setting_chooses_it() -> None:
    """`base_url` alone makes the generator a remote one, with the window of the settings."""
    settings = GeneratorSettings(model="big", base_url="http://127.0.0.1:9/v1", context_tokens=999)
    made = load_generator(settings, ModelsSettings())
    assert isinstance(made, RemoteGenerator)
    assert (made.name, made.context_tokens) == ("big", 999)
    made.close()


def test_retry_after_is_read_as_number_and_date() -> None:
    """Seconds, an HTTP date, rubbish, nothing."""
    assert _seconds("3") == 3
    assert _seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert _seconds("soon") is None
    assert _seconds(None) is None
