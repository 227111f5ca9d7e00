"""`ragbot ask` and `ragbot chat`."""

from __future__ import annotations

import secrets
import sys
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import (
    DEFAULT_KB,
    Config,
    Json,
    Kb,
    ProfileValues,
    open_filled,
    open_sessions,
    read_profile,
    read_settings,
)
from ragbot.cli.output import clean, say, say_json, warn
from ragbot.errors import RagbotError

if TYPE_CHECKING:
    from ragbot.bot import Bot
    from ragbot.types import Answer, Profile

_QUOTE = 160
_HELP = """/new      begin a new conversation
/sources  where the last answer comes from, in full
/quit     leave (so do Ctrl-D and Ctrl-C)"""


def ask(
    question: Annotated[str, typer.Argument(help="The customer's question.")],
    *,
    session: Annotated[
        str | None,
        typer.Option("--session", help="Remember the exchange under this id, and what came before."),
    ] = None,
    profile: ProfileValues = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Answer one question, with its sources."""
    customer, settings = read_profile(profile), read_settings(config)
    memory = nullcontext() if session is None else open_sessions(kb, settings)
    with open_filled(kb, settings) as opened, memory as sessions:
        from ragbot.bot import Bot

        with closing(Bot(opened, settings=settings, sessions=sessions)) as bot:
            answer = bot.ask(clean(question), session=session, profile=customer)
    if json:
        say_json(answer)
        return
    say(answer.text)
    _print_citations(answer)


def chat(
    session: Annotated[
        str | None, typer.Option("--session", help="Go on with this conversation; default: a new one.")
    ] = None,
    profile: ProfileValues = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Talk with the bot.

    `/help` lists what else can be typed. Reads lines from a pipe, too.
    """
    from ragbot.dialogue.sessions import check_session_id

    if session is not None:
        check_session_id(session)
    customer, settings = read_profile(profile), read_settings(config)
    with open_filled(kb, settings) as opened, open_sessions(kb, settings) as sessions:
        from ragbot.bot import Bot

        with closing(Bot(opened, settings=settings, sessions=sessions)) as bot:
            _Chat(bot, session or _new_id(), customer).run()


class _Chat:
    """One run of `ragbot chat`."""

    def __init__(self, bot: Bot, session: str, profile: Profile | None) -> None:
        self._bot = bot
        self._profile = profile
        self._session = session
        self._last: Answer | None = None
        self._step = ""
        self._interactive = sys.stdin.isatty()

    def run(self) -> None:
        if self._interactive:
            _enable_line_editing()
            warn(f"conversation {self._session}; /help lists commands")
        while True:
            try:
                line = self._read()
            except (EOFError, KeyboardInterrupt):
                if self._interactive:
                    warn("")
                return
            if line == "/quit":
                return
            if line.startswith("/"):
                self._command(line)
            elif line:
                self._answer(line)

    def _read(self) -> str:
        if self._interactive:
            return clean(input("> ")).strip()
        line = next(sys.stdin, None)
        if line is None:
            raise EOFError
        return clean(line).strip()

    def _command(self, line: str) -> None:
        if line == "/help":
            say(_HELP)
        elif line == "/new":
            self._session = _new_id()
            self._last = None
            say(f"conversation {self._session}")
        elif line == "/sources":
            if self._last is None or not self._last.citations:
                say("the last answer cites nothing" if self._last else "nothing was answered yet")
            else:
                _print_citations(self._last, shorten=False)
        else:
            say(f"unknown command {line}; /help lists them")

    def _answer(self, question: str) -> None:
        """Print each checked sentence when it is ready, then the citations. Ctrl-C stops the answer."""
        said = ""
        try:
            for event in self._bot.stream(question, session=self._session, profile=self._profile):
                if event.kind == "step":
                    self._show_step(event.text)
                elif event.kind == "sentence":
                    self._show_step("")
                    say(("" if not said or said[-1].isspace() else " ") + event.text, end="")
                    said += event.text
                elif event.answer is not None:
                    self._show_step("")
                    self._last = event.answer
        except KeyboardInterrupt:
            say("\n(stopped)")
            return
        except RagbotError as error:
            if not self._interactive:
                raise
            self._show_step("")
            warn(f"error: {error}")
            return
        if self._last is not None:
            if not said:
                say(self._last.text, end="")
            say()
            _print_citations(self._last)
            say()

    def _show_step(self, name: str) -> None:
        """The step under way, on a terminal's line of its own; nothing wipes it off again."""
        if not sys.stderr.isatty() or not (name or self._step):
            return
        sys.stderr.write("\r\x1b[K" + (f"… {name}" if name else ""))
        sys.stderr.flush()
        self._step = name


def _new_id() -> str:
    return f"chat-{secrets.token_hex(4)}"


def _enable_line_editing() -> None:
    try:
        import readline  # noqa: F401 - its import gives input() line editing and history
    except ImportError:
        return


def _print_citations(answer: Answer, *, shorten: bool = True) -> None:
    for citation in answer.citations:
        place = [citation.source]
        if citation.heading:
            place.append(citation.heading)
        if citation.page is not None:
            place.append(f"page {citation.page}")
        quote = " ".join(citation.quote.split())
        if shorten and len(quote) > _QUOTE:
            quote = quote[:_QUOTE] + "…"
        say(f"[{citation.number}] {' | '.join(place)}")
        say(f"    “{quote}”")
