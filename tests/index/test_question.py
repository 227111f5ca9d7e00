"""A message as search takes it: concepts, weights, translations, what the embedder reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from passages import asking

from ragbot.errors import InputError
from ragbot.index.lexical import count_terms
from ragbot.index.query import MAX_CHARACTERS, clean
from ragbot.index.question import MAX_CONCEPTS, MAX_TERMS, Concept, Question, understand
from ragbot.text.glossary import Glossary, load_glossary
from ragbot.text.words import is_han, terms
from ragbot.types import Role, Turn

SMALL = Glossary(
    [
        {"zh": ("退款", "退钱"), "en": ("refund", "money back")},
        {"zh": ("运费",), "en": ("shipping cost",)},
    ]
)


def concept(question: Question, own: str) -> Concept:
    (found,) = [each for each in question.concepts if each.own == own]
    return found


def test_concepts_are_the_words_with_a_subject_of_their_own() -> None:
    """Each content word once, in order; stop words and repetitions are left out."""
    question = asking("How do I return a lamp, and who pays the lamp's return?")
    assert [each.own for each in question.concepts] == ["return", "lamp", "pay"]
    assert not any(each.carried for each in question.concepts)
    assert question.text == question.original


def test_a_message_of_stop_words_still_asks_something() -> None:
    """With nothing else to look for, the stop words themselves are looked for."""
    assert asking("What is it?").concepts


def test_a_long_message_has_a_bounded_number_of_concepts() -> None:
    """Work does not grow with what is pasted."""
    assert len(asking(" ".join(f"word{number}" for number in range(600))).concepts) == MAX_CONCEPTS


def test_carried_terms_weigh_less() -> None:
    """What only the earlier conversation holds counts less than the customer's present words."""
    question = asking("And by card?", "How long do refunds take?")
    assert question.text == "How long do refunds take? And by card?"
    assert question.original == "And by card?"
    assert (concept(question, "card").carried, concept(question, "refund").carried) == (False, True)
    assert "refund" not in question.terms
    assert question.context["refund"] > 0
    idf = {"refund": 2.0, "card": 2.0}
    assert (
        0
        < question.weight(concept(question, "refund"), idf)
        < question.weight(concept(question, "card"), idf)
    )


def test_a_repeated_word_is_not_carried() -> None:
    """A word of the message counts fully although the conversation had it too."""
    question = asking("And refunds by card?", "How long do refunds take?")
    assert not concept(question, "refund").carried
    assert question.terms["refund"] == question.terms["card"]


def test_newer_turns_of_both_sides_weigh_more() -> None:
    """What the customer calls "it" was named by the bot one turn ago, something else three turns ago."""
    said: tuple[tuple[Role, str], ...] = (
        ("user", "Which lamps have Zigbee?"),
        ("assistant", "The Aurora Mini."),
        ("user", "And batteries?"),
    )
    history = [Turn(role=role, text=text) for role, text in said]
    question = understand("How long does it last?", history, glossary=load_glossary(), languages=frozenset())
    assert question.leans
    assert question.context["batteri"] > question.context["aurora"] > question.context["zigbe"] > 0


def test_a_question_that_stands_alone_carries_nothing() -> None:
    """The conversation before it changes nothing of what is asked."""
    message = "Which payment methods do you accept in Germany?"
    after, alone = asking(message, "How long do refunds take?"), asking(message)
    assert not after.leans
    assert replace(after, turns=()) == alone


def test_words_are_stemmed_as_the_documents_are_written() -> None:
    """A question too short to tell its language meets the stems of the languages that the documents are in."""
    question = understand("devoluciones", (), glossary=SMALL, languages=frozenset(), written=("es", "en"))
    assert set(terms("devolución", language="es")) <= set(question.terms)
    assert set(terms("devoluciones", language="en")) <= set(question.terms)


def test_parts_of_compounds_are_searched_in_languages_that_have_them() -> None:
    """`Rückgabefrist` and `Frist` share a part; English words are left whole."""
    question = understand("Frist für Rückgabe", (), glossary=SMALL, languages=frozenset(), written=("de",))
    shared = count_terms("", "", "Die Rückgabefrist beträgt 30 Tage.", "de").keys() & question.terms.keys()
    assert {"~fris", "~rist", "~ruck", "~gabe"} <= shared
    assert not any(term.startswith("~") for term in asking("refund deadline").terms)


def test_another_spelling_counts_less_than_an_own_word() -> None:
    """A word that no document has is searched as what it may have been meant for, beside what was typed."""
    known: dict[str, list[tuple[str, ...]]] = {"retrun": [("return",)], "giftcard": [("gift", "card")]}
    question = understand(
        "retrun a giftcard",
        (),
        glossary=SMALL,
        languages=frozenset(),
        respell=lambda term, _: known.get(term, []),
    )
    assert 0 < question.terms["gift"] < question.terms["return"] < question.terms["retrun"] == 1.0
    assert concept(question, "retrun").presence(frozenset({"return"})) == 1.0


def test_a_long_message_has_a_bounded_number_of_terms() -> None:
    """Neither concepts nor terms grow with what is pasted."""
    message = " ".join(f"word{number} 词{number}" for number in range(400))
    assert len(asking(message).terms) <= 2 * MAX_TERMS


def test_translations_are_searched_and_weigh_less_than_own_words() -> None:
    """A Chinese question looks for English words too; synonyms of its own language count least."""
    question = asking("退款", glossary=SMALL)
    assert set(concept(question, "退款").alternatives) >= {("refund",), ("退钱",)}
    assert 0 < question.terms["退钱"] < question.terms["refund"] < question.terms["退款"]
    assert question.terms["money"] < question.terms["refund"], "a phrase shares its weight among its words"
    assert {"退款", "refund", "money"} <= set(question.all_terms())


def test_english_questions_find_chinese_documents() -> None:
    """Translation works both ways."""
    question = asking("How do I get a refund?", glossary=SMALL)
    assert ("退款",) in concept(question, "refund").alternatives
    assert "退款" in question.terms


def test_a_concept_is_present_by_its_word_or_a_whole_translation() -> None:
    """Half a phrase or less is none of it; most of a phrase is its share."""
    one = Concept("运费", (("shipping", "cost"), ("post", "and", "packing")))
    assert one.presence(frozenset({"运费"})) == 1.0
    assert one.presence(frozenset({"shipping", "cost"})) == 1.0
    assert one.presence(frozenset({"shipping", "lamp"})) == 0.0
    assert one.presence(frozenset({"post", "packing"})) == pytest.approx(2 / 3)
    assert one.presence(frozenset()) == 0.0


def test_a_chinese_compound_is_present_by_its_parts() -> None:
    """Documents may cut the word otherwise."""
    compound = Concept("退货政策")
    assert compound.presence(frozenset({"退货", "货政", "政策"})) == 1.0
    assert 0.5 < compound.presence(frozenset({"退货", "政策"})) < 1.0
    assert compound.presence(frozenset({"退货"})) == 0.0


def test_the_commonest_name_of_a_concept_decides_its_weight() -> None:
    """A rare translation does not make a common word rare; unseen names do not count."""
    question = asking("退款", glossary=SMALL)
    found = concept(question, "退款")
    assert question.weight(found, {"退款": 5.0, "refund": 2.0}) == 2.0
    assert question.weight(found, {"退款": 5.0}) == 5.0
    assert question.weight(found, {}) == 0.0


def test_the_embedder_reads_a_gloss_of_what_it_does_not_know() -> None:
    """An English embedder reads a Chinese question in the English words that the glossary has for it."""
    question = asking("Hub 2 的运费和退款", glossary=SMALL)
    assert (question.language, question.embedder_knows) == ("zh", False)
    assert question.dense_text.lower() == "hub 2 shipping cost refund"


def test_without_a_gloss_the_embedder_reads_the_question() -> None:
    """A question of which the glossary knows nothing is read as it is."""
    question = asking("您吃了吗", glossary=SMALL)
    assert question.dense_text == question.text
    assert is_han(question.dense_text)


@pytest.mark.parametrize("languages", [frozenset[str](), frozenset({"zh"}), frozenset({"en", "zh"})])
def test_an_embedder_of_the_language_reads_the_question_itself(languages: frozenset[str]) -> None:
    """No gloss where the model knows the language, or all of them."""
    question = asking("退款需要多长时间？", languages=languages)
    assert question.embedder_knows
    assert question.dense_text == "退款需要多长时间？"


def test_the_gloss_covers_the_conversation() -> None:
    """What a follow-up leaves to the conversation is read too."""
    question = asking("那运费呢？", "退款需要多长时间？", glossary=SMALL)
    assert "refund" in question.dense_text
    assert "shipping cost" in question.dense_text


@pytest.mark.parametrize("message", ["", "  \n", "\x00\x07", "\u200b\ufeff", "\ud800"])
def test_a_message_of_nothing_is_refused(message: str) -> None:
    """White space, control characters and halves of characters are nothing."""
    with pytest.raises(InputError, match="empty"):
        clean(message)


def test_what_is_no_text_is_refused_by_its_type() -> None:
    """The error names what was given."""
    with pytest.raises(InputError, match="NoneType"):
        clean(None)  # type: ignore[arg-type]


def test_a_long_message_keeps_its_start_and_its_end() -> None:
    """The question stands there, whatever was pasted between."""
    cleaned = clean("First words. " + "x" * 1_000_000 + " last words?")
    assert cleaned.startswith("First words.")
    assert cleaned.endswith("last words?")
    assert len(cleaned) <= MAX_CHARACTERS + 1
    assert clean("How\x00 long\n\tdo refunds\u2028take?") == "How long do refunds take?"
