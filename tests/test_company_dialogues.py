"""The conversations of `dialogues/*.yaml`, replayed over the whole pipeline and the sample company's documents.

`forms.yaml` and most others run as the sample company has it; `functions.yaml` with functions for two intents,
`office_hours.yaml` with hours and a contact. It is always Tuesday, 24 November 2026, 12:00 UTC.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from quick import quick_sync

from ragbot import Bot, KnowledgeBase
from ragbot.dialogue.forms.functions import Call, Function, Reply
from ragbot.dialogue.sessions import Sessions
from ragbot.evaluate.dialogues import Dialogue, Expected, load_dialogues, replay
from ragbot.protocols import Embedder
from ragbot.settings import AnswerSettings, DialogueSettings, HandoverSettings, Settings
from ragbot.types import Answer

KNOWLEDGE = Path(__file__).parent.parent / "knowledge"
FILES = {file.stem: file for file in sorted((Path(__file__).parent / "dialogues").glob("*.yaml"))}
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
OPEN = HandoverSettings(hours=("Mon-Fri 13:00-17:00",))


def _settings(theme: str) -> Settings:
    dialogue = DialogueSettings(intents=KNOWLEDGE / "_intents.toml", function_seconds=0.5)
    changed: dict[str, object] = {"dialogue": dialogue}
    if theme == "office_hours":
        changed |= {"handover": OPEN, "answer": AnswerSettings(contact="care@halvorn.example")}
    return Settings().model_copy(update=changed)


class Warehouse:
    """The company's functions; the order's last six digits decide what becomes of it."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def order_status(self, call: Call) -> object:
        """A text, or what goes wrong with it."""
        order = call.fields["order"]
        match order[-6:]:
            case "500500":
                raise RuntimeError(f"no order {order}")
            case "408408":
                self.let_go.wait(60)
            case "300300":
                return {"order": order}
            case "777777":
                text = "包裹丢失，非常抱歉。" if call.language == "zh" else "That parcel is lost, sorry."
                return Reply(text=text, handover="lost parcel")
        return f"订单{order}已发货。" if call.language == "zh" else f"Order {order} is on its way."

    async def technician(self, call: Call) -> str:
        """What was booked."""
        return f"Booked: {call.fields['device']}, {call.fields['day']}."

    @property
    def functions(self) -> Mapping[str, Function]:
        """By the intent that calls them."""
        return {"order_status": self.order_status, "technician": self.technician}


class Player:
    """Asks the turns of one theme's dialogues, each dialogue in a session of its own."""

    def __init__(self, kb: KnowledgeBase, theme: str, file: Path, warehouse: Warehouse) -> None:
        self._kb = kb
        self._theme = theme
        self._file = file
        self._functions = warehouse.functions if theme == "functions" else {}
        self._bot: Bot | None = None
        self.answers: list[Answer] = []

    def ask(self, dialogue: Dialogue, turn: Expected) -> Answer:
        """The answer, which is kept too. Where the turn says so the bot is another one, with the same memory."""
        if turn.restart:
            self.close()
        if self._bot is None:
            self._bot = Bot(
                self._kb,
                settings=_settings(self._theme),
                functions=self._functions,
                sessions=Sessions(self._file),
                clock=lambda: NOON,
            )
        answer = self._bot.ask(turn.user, session=f"{self._theme}: {dialogue.name}", profile=dialogue.profile)
        self.answers.append(answer)
        return answer

    def close(self) -> None:
        """Close the bot; the next question opens one."""
        if self._bot is not None:
            self._bot.close()
            self._bot = None


Make = Callable[[str], Player]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[KnowledgeBase]:
    """The sample company's documents, all of them."""
    folder = tmp_path_factory.mktemp("company")
    with KnowledgeBase.open(folder / "kb", settings=Settings(), embedder=embedder) as kb:
        quick_sync(kb, KNOWLEDGE)
        yield kb


@pytest.fixture(scope="module")
def make(company: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes players that share nothing but the documents."""
    warehouse, folder = Warehouse(), tmp_path_factory.mktemp("dialogues")
    made: list[Player] = []

    def make(theme: str) -> Player:
        made.append(Player(company, theme, folder / f"{len(made)}.sqlite", warehouse))
        return made[-1]

    yield make
    warehouse.let_go.set()
    for player in made:
        player.close()


@pytest.fixture(scope="module")
def players(make: Make) -> Mapping[str, Player]:
    """One for each theme; its dialogues are other sessions of the same bot."""
    return {theme: make(theme) for theme in FILES}


@lru_cache(maxsize=1)
def every() -> tuple[tuple[str, Dialogue], ...]:
    """All dialogues, each with its theme."""
    return tuple((theme, each) for theme, file in FILES.items() for each in load_dialogues(file))


@pytest.mark.parametrize(("theme", "dialogue"), every(), ids=lambda each: getattr(each, "name", each))
def test_a_dialogue_goes_as_expected(players: Mapping[str, Player], theme: str, dialogue: Dialogue) -> None:
    """Every turn has the status, the words, the state and the hand-over that its file expects."""
    problems = replay(dialogue, players[theme].ask)
    assert not problems, "\n".join(problems)


def test_there_are_many_in_both_languages() -> None:
    """At least 60, a third of them begun in Chinese and a third in English."""
    firsts = [dialogue.turns[0].user for _, dialogue in every()]
    chinese = [text for text in firsts if re.search(r"[\u4e00-\u9fff]", text)]
    assert len(firsts) >= 60
    assert len(firsts) / 3 <= len(chinese) <= len(firsts) * 2 / 3


def test_every_turn_expects_something() -> None:
    """A turn without an expectation would be no test."""
    for _, dialogue in every():
        for turn in dialogue.turns:
            assert turn.status or turn.says or turn.lacks or turn.state, f"{dialogue.name}: {turn.user}"


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["mixed"])
def test_a_file_replayed_twice_gives_the_same(make: Make, theme: str) -> None:
    """Text, status, understanding, sources and state are equal turn by turn."""
    seen = []
    for _ in range(2):
        player = make(theme)
        for _, dialogue in (each for each in every() if each[0] == theme):
            replay(dialogue, player.ask)
        seen.append(
            [
                (
                    each.text,
                    each.status,
                    each.reason,
                    each.understanding,
                    each.options,
                    each.state,
                    each.citations,
                )
                for each in player.answers
            ]
        )
    assert len(seen[0]) > 20
    assert seen[0] == seen[1]
