"""Short questions of customers are told by language; what cannot be told is not guessed."""

from __future__ import annotations

import pytest

from ragbot.text.language import detect, detect_query, script_language

QUESTIONS = {
    "en": [
        "Where is my order",
        "How long do refunds take?",
        "wifi not working",
        "My order hasn’t arrived",
        "How much is the Pro plan?",
        "Does it ship to Germany?",
        "I want to speak to an agent",
        "Can I pay with PayPal?",
        "what does 保修 mean?",
        "refund",
        "order status",
        "E-417",
        "Hi",
        "USB-C 65W",
        "can i cancel",
    ],
    "de": [
        "Wie lange dauert die Rückerstattung?",
        "Was kostet der Versand?",
        "Wo ist meine Bestellung?",
        "Kann ich mit PayPal bezahlen?",
        "Ich möchte mit einem Menschen sprechen",
        "Liefern Sie nach Österreich?",
    ],
    "fr": [
        "Combien de temps prend un remboursement ?",
        "Où est ma commande",
        "Puis-je payer par carte ?",
        "Livrez-vous en Belgique ?",
    ],
    "es": [
        "¿Cuánto tarda el reembolso?",
        "Dónde está mi pedido",
        "¿Puedo pagar con tarjeta?",
        "Quiero hablar con una persona",
    ],
    "zh": [
        "Hub二代怎么重置",
        "退款要多久",
        "iPhone 15 Pro Max 怎么退货",
        "wifi 连不上",
        "Lumen Hub Pro 不行",
        "保修期多长",
    ],
    "ja": ["返品はできますか", "注文はどこですか"],
    "ko": ["환불은 얼마나 걸리나요?"],
    "ru": ["Как вернуть товар"],
    "ar": ["كيف يمكنني إرجاع المنتج"],
    "el": ["Πού είναι η παραγγελία μου"],
}


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code, texts in QUESTIONS.items() for text in texts]
)
def test_questions(language: str, text: str) -> None:
    """A short question has its language, or the default where too little is said."""
    assert detect_query(text) == language


@pytest.mark.parametrize("text", ["", "  ", "12345", "E-417 v2.3", "ok", "https://shop.example/returns"])
def test_too_little_is_undetermined(text: str) -> None:
    """Codes, addresses and single words have no language."""
    assert detect(text) == "und"
    assert detect_query(text, default="de") == "de"


def test_documents() -> None:
    """A document is told by its bulk, not by a few foreign words."""
    english = "You can return any item within thirty days of delivery. The refund takes five business days. "
    chinese = "您可以在收到商品后七天内申请退货，退款需要五个工作日。"
    assert detect(english * 3 + "（中文版请见官网）") == "en"
    assert detect(chinese * 3 + " See also our English page about returns.") == "zh"
    assert script_language(english) is None
