"""The language that a reply is written in."""

from __future__ import annotations

import pytest

from ragbot.inquiry import spoken
from ragbot.types import Profile, Turn

CHINESE = (
    Turn(role="user", text="我的订单到哪了，请帮我查一下"),
    Turn(role="assistant", text="What is your order number?"),
)
FRENCH = (Turn(role="user", text="Où est ma commande, s'il vous plaît ?"),)


@pytest.mark.parametrize("message", ["A-1234", "HV-US-204518", "ok", "me@shop.example", "5", "Hub 2"])
def test_what_tells_no_language_is_answered_in_that_of_the_customer(message: str) -> None:
    """Numbers, names and addresses are written alike everywhere; what the bot said does not count."""
    assert spoken(message, "en", CHINESE, None) == "zh"
    assert spoken(message, "en", FRENCH, None) == "fr"
    assert spoken(message, "en", (), Profile(language="zh")) == "zh"
    assert spoken(message, "en", (), None) == "en"


@pytest.mark.parametrize("message", ["can i talk to a human", "track my order", "yes, please do"])
def test_words_of_another_script_are_another_language(message: str) -> None:
    """A customer who changes from Chinese to English is answered in English, too short to tell or not."""
    assert spoken(message, "en", CHINESE, None) == "en"
    assert spoken(message, "en", (), Profile(language="zh")) == "en"
