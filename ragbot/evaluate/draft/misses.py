"""Near misses: a question about a product, code or version that the documents do not have, made from one that they
answer. A right bot abstains.
"""

from __future__ import annotations

import random
import re

_NAMED = re.compile(
    r"(?<![\w.(（-])(?:[A-Z]{1,6}-?\d{1,5}(?:-[A-Z0-9]+)?"  # E-417, HB200, R4
    r"|(?:[A-Z][\w+-]*\s){1,3}[A-Z]?\d{1,4}(?:\.\d+)?)(?![\w.%-])"  # Hub 2, UNO R4, App 6.4
)
_NO_NAME = re.compile(
    r"^(?:How|I|My|The|A|An|Your|What|When|Where|Within|In|After|For|From|Is|Are|Do|Does|Can|January|February|March|April|May|June|July|"
    r"August|September|October|November|December|Step|Version|Page|Article|Section|Windows|Python|USB|Wi-Fi|Bluetooth|"
    r"Matter|IP|AES|TLS|HTTP|Option)\b"
)
_TRIES = 12


class Invented:
    """Names that stand nowhere in `texts`."""

    def __init__(self, texts: list[str], rng: random.Random) -> None:
        self._all = re.sub(r"[\s-]+", "", "\n".join(texts)).casefold()
        self._rng = rng

    def instead(self, question: str) -> tuple[str, str, str] | None:
        """The question with a name in it replaced by one that no document has: question, old name, new name; None
        where it names nothing that has a number."""
        names = [match for match in _NAMED.finditer(question) if not _NO_NAME.match(match.group())]
        for match in names:
            for _ in range(_TRIES):
                name = self._other(match.group())
                if name != match.group() and re.sub(r"[\s-]+", "", name).casefold() not in self._all:
                    pattern = re.escape(match.group()) + r"(?:\s?[(（][^)）]*[)）])?"
                    return re.sub(pattern, name.replace("\\", r"\\"), question), match.group(), name
        return None

    def _other(self, name: str) -> str:
        """The name with its last number replaced by another of as many digits."""
        head, digits, tail = re.split(r"(\d+)(?!.*\d)", name, maxsplit=1)
        low = 10 ** (len(digits) - 1)
        number = self._rng.randint(max(3, low), 10 ** len(digits) - 1)
        return f"{head}{number}{tail}"
