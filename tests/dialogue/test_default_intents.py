"""The built-in intents with the embedded embedder: messages in words of their own, above all at the border of what
is sensitive."""

from __future__ import annotations

import pytest

from ragbot.dialogue.classify.model import IntentModel
from ragbot.dialogue.intents.catalogue import labelled, load_intents
from ragbot.protocols import Embedder
from ragbot.settings import HandoverSettings
from ragbot.text.glossary import load_glossary

SENSITIVE = {
    "legal_threat": [
        "expect a letter from our attorney next week", "I'm taking this to court",
        "my lawyer will contact you about this",
        "I will report your company to the authorities", "我要去法院告你们", "等我的律师联系你们吧",
    ],
    "fraud": [
        "there's an order on my account that I never placed",
        "someone stole my card details and shopped at your store",
        "I believe my account has been hacked", "this purchase was not made by me", "我的卡被人盗刷了",
        "账号好像被盗了，有陌生订单",
    ],
    "safety": [
        "the charger caught fire last night", "smoke is coming from the plug",
        "I got a shock when I touched the device",
        "my son swallowed the battery", "充电的时候冒烟了", "电池突然爆炸了",
    ],
    "data_deletion": [
        "please erase all the information you hold on me", "I want all my personal data removed",
        "delete my account and everything you stored about me", "请删除我所有的个人资料", "我要注销账号，把数据都删掉",
    ],
}  # fmt: skip

HARMLESS = [
    "how long do you keep my personal data?", "which data does the camera send to your servers?",
    "are your batteries safe to leave charging overnight?", "is the plug safe for outdoor use?",
    "does the smoke detector need batteries?", "how do I test the smoke alarm?", "do you have a privacy policy?",
    "how do I delete a recording in the app?", "what is your warranty by law?", "can I pay safely with a credit card?",
    "my payment was declined", "how do I remove a device from my account?", "the hub gets warm, is that ok?",
    "I forgot my password and my account is locked", "where is my order?", "I want to return the thermostat",
    "how do I fire an alarm for testing?", "who can access my video recordings?", "cancel my subscription please",
    "电池能用多久", "烟雾报警器怎么安装", "你们会保存哪些个人信息", "怎么删除应用里的一段录像", "充电要多长时间",
    "隐私政策在哪里",
    "忘记密码怎么办", "我要退货", "插座防水吗", "信用卡付款失败了",
]  # fmt: skip


@pytest.fixture(scope="module")
def model(embedder: Embedder) -> IntentModel:
    glossary = load_glossary()
    return IntentModel.train(
        labelled(load_intents()), embedder, gloss=lambda text: glossary.gloss(text, "en") or text
    )


def taken_for(model: IntentModel, texts: list[str]) -> list[str]:
    """The intent of each message whose guess is as sure as the intent asks for; empty: none."""
    found = []
    for guess in model.classify_many(texts):
        intent = load_intents().get(guess.intent)
        sure = intent is not None and guess.confidence >= intent.min_confidence
        found.append(guess.intent if sure else "")
    return found


def test_sensitive_messages_are_known(model: IntentModel) -> None:
    """Nine in ten of them."""
    said = [(name, text) for name, texts in SENSITIVE.items() for text in texts]
    taken = taken_for(model, [text for _, text in said])
    missed = [(*pair, found) for pair, found in zip(said, taken, strict=True) if found != pair[0]]
    assert len(missed) <= len(said) // 10, missed


def test_questions_about_sensitive_matters_are_none(model: IntentModel) -> None:
    """A question about batteries, data or payment calls nobody."""
    sensitive = {*HandoverSettings().sensitive}
    taken = taken_for(model, HARMLESS)
    assert [pair for pair in zip(HARMLESS, taken, strict=True) if pair[1] in sensitive] == []
