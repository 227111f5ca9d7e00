"""`ragbot replay`: hold conversations against what is expected of them."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_filled, read_settings
from ragbot.cli.output import say, say_json, warn
from ragbot.errors import GateFailed

if TYPE_CHECKING:
    from ragbot.bot import Bot
    from ragbot.evaluate.dialogues import Dialogue, Expected
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings
    from ragbot.types import Answer


def replay(
    dialogues: Annotated[Path, typer.Argument(metavar="DIALOGUES.yaml", help="What is said and expected.")],
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Replay conversations and compare each answer with what is expected; exit 7 where one differs.

    They run in a chat memory of their own, and hand-overs are not delivered.
    """
    from ragbot.evaluate.dialogues import load_dialogues
    from ragbot.evaluate.dialogues import replay as held

    loaded = load_dialogues(dialogues)
    settings = read_settings(config)
    with open_filled(kb, settings) as opened, TemporaryDirectory() as folder:
        player = _Player(opened, settings, Path(folder))
        try:
            problems = {each.name: held(each, player.ask) for each in loaded}
        finally:
            player.close()
    failed = [name for name, lines in problems.items() if lines]
    if json:
        say_json({"dialogues": len(loaded), "failed": len(failed), "problems": problems})
    else:
        for name, lines in problems.items():
            say(f"{'FAILED' if lines else 'ok    '}  {name}")
            for line in lines:
                warn(f"        {line}")
    if failed:
        raise GateFailed(f"{len(failed)} of {len(loaded)} dialogues differ from what is expected")


class _Player:
    """Asks in sessions of a memory that nobody else has."""

    def __init__(self, kb: KnowledgeBase, settings: Settings, folder: Path) -> None:
        silent = settings.handover.model_copy(update={"webhook": ""})
        self._kb = kb
        self._settings = settings.model_copy(update={"handover": silent})
        self._file = folder / "replay.sqlite"
        self._run = secrets.token_hex(4)
        self._bot: Bot | None = None

    def ask(self, dialogue: Dialogue, turn: Expected) -> Answer:
        if turn.restart:
            self.close()
        bot = self._open()
        return bot.ask(turn.user, session=f"{self._run} {dialogue.name}"[:128], profile=dialogue.profile)

    def _open(self) -> Bot:
        if self._bot is None:
            from ragbot.bot import Bot
            from ragbot.dialogue.sessions import Sessions

            self._bot = Bot(self._kb, settings=self._settings, sessions=Sessions(self._file))
        return self._bot

    def close(self) -> None:
        if self._bot is not None:
            with closing(self._bot):
                self._bot = None
