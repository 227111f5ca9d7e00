"""When the customer is asked back, and in what words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from passages import asking, passage

from ragbot.answer.clarify.questions import SUBJECT, ask, words
from ragbot.answer.evidence import Scored
from ragbot.answer.facets.wanted import prefer, wanted_of
from ragbot.answer.units import Unit
from ragbot.types import Hit, Pending, Profile, State, Turn

US = passage("30 days from delivery.", source="us.md", title="Returns - United States", region="US")
EU = passage("45 days.", source="eu.md", title="Returns - Europe", region="EU")
CN = passage("签收次日起 7 天内。", source="zh.md", title="退货政策", region="CN", language="zh")
HUB_1 = passage("Hold the clip for 10 seconds.", source="1.md", title="Reset a Hub 1")
HUB_2 = passage("Hold the button for 5 seconds.", source="2.md", title="Reset a Hub 2")
DOORBELL = passage("Hold it for 12 seconds.", source="3.md", title="Doorbell 1 installation")
MONTHLY = passage("At any time.", source="4.md", title="Plus plan, monthly payment")
FAMILY = passage("By letter.", source="5.md", title="Family plan")
NEW = passage("Press twice.", source="6.md", title="Hub firmware 2.9")
OLD = passage("Press once.", source="7.md", title="Hub firmware 2.8")
PLAIN = passage("Call us.", source="8.md", title="Help")

RETURNS = "How long do I have to return an item?"
RESET = "How do I do a factory reset of my hub?"


def said(*texts: str) -> list[Turn]:
    """Turns of the customer and the bot, the customer first."""
    return [Turn(role="assistant" if n % 2 else "user", text=text) for n, text in enumerate(texts)]


def weighed(hits: Sequence[Hit], *probabilities: float) -> list[Scored]:
    """The whole text of each hit as a piece."""
    made = [
        Scored(
            unit=Unit(hit=n, start=0, end=len(hit.chunk.text), text=hit.chunk.text, kind="sentence"),
            probability=p,
            known=True,
            features=(),
        )
        for n, (hit, p) in enumerate(zip(hits, probabilities, strict=True))
    ]
    return sorted(made, key=lambda piece: -piece.probability)


def asked(
    message: str,
    hits: Sequence[Hit],
    *probabilities: float,
    history: Sequence[Turn] = (),
    state: State | None = None,
    profile: Profile | None = None,
    choices: Mapping[str, str] | None = None,
) -> Pending | None:
    """What is asked of `hits` with these probabilities, 0.6 each if none are given."""
    question = asking(message, *(turn.text for turn in history if turn.role == "user"))
    scored = weighed(hits, *(probabilities or [0.6] * len(hits)))
    return ask(
        question, history, hits, scored, state=state or State(), wanted=wanted_of(profile, choices or {})
    )


@pytest.mark.parametrize(
    ("message", "hits", "facet", "options"),
    [
        (RETURNS, [EU, US], "region", ("Europe", "United States")),
        (RESET, [HUB_2, HUB_1], "product", ("Hub 1", "Hub 2")),
        ("How can I cancel my plan?", [MONTHLY, FAMILY], "plan", ("Family", "Plus monthly")),
        ("How do I go back to the earlier state?", [NEW, OLD], "version", ("2.8", "2.9")),
        ("中枢怎么恢复出厂设置？", [HUB_2, HUB_1], "product", ("Hub 1", "Hub 2")),
    ],
)
def test_passages_that_disagree_make_a_question(
    message: str, hits: list[Hit], facet: str, options: tuple[str, ...]
) -> None:
    """The options are what the documents hold for, in their words."""
    assert asked(message, hits) == Pending(question=message, facet=facet, options=options)


@pytest.mark.parametrize(
    ("message", "hits", "probabilities"),
    [
        pytest.param(RETURNS, [US, PLAIN], (0.6, 0.6), id="only one of them holds for a region"),
        pytest.param(RETURNS, [PLAIN, US, EU], (0.9, 0.6, 0.6), id="the best one holds everywhere"),
        pytest.param(RETURNS, [US, EU], (0.9, 0.2), id="the other is far less likely"),
        pytest.param(RETURNS, [US, EU], (0.05, 0.05), id="nothing answers"),
        pytest.param("How long are returns taken in Germany?", [US, EU], (), id="the region is named"),
        pytest.param("Which region has the longer period?", [US, EU], (), id="both are asked for"),
        pytest.param("How do I reset Hub 1?", [HUB_2, HUB_1], (), id="the product is named"),
        pytest.param("How do I reset the hub of the first generation?", [HUB_2, HUB_1], (), id="so is it"),
        pytest.param("What does the Family plan offer?", [FAMILY, MONTHLY], (), id="the plan is named"),
        pytest.param(RESET, [HUB_1, DOORBELL], (), id="the other is about another kind of product"),
        pytest.param("退货期限是多久？", [CN, US], (), id="the best one is in the customer's language"),
    ],
)
def test_what_is_clear_is_not_asked(message: str, hits: list[Hit], probabilities: tuple[float, ...]) -> None:
    """A needless question costs as much as a wrong answer."""
    assert asked(message, hits, *probabilities) is None


def test_equal_answers_are_no_reason_to_ask() -> None:
    """They differ in the name of what they hold for, and in nothing else."""
    one = passage("Unplug Hub 1, then wait.", source="1.md", title="Reset a Hub 1")
    other = passage("Unplug Hub 2, then wait.", source="2.md", title="Reset a Hub 2")
    assert asked(RESET, [one, other]) is None


def test_an_outdated_passage_is_no_rival() -> None:
    """What a document says that is no longer in force."""
    old = passage("21 days.", source="old.md", title="Returns - Europe (archived)", region="EU")
    assert asked(RETURNS, [US, old]) is None


def test_a_document_for_both_agrees_with_either() -> None:
    """A passage for the US and for Europe answers both."""
    both = passage("14 days.", source="both.md", title="Price match", region="US, EU")
    assert asked("How long after my order can I ask for the price?", [both, US]) is None


def test_what_the_conversation_named_is_not_asked() -> None:
    """By the customer or by the bot."""
    assert asked(RESET, [HUB_2, HUB_1], history=said("I own a Hub 1.", "A fine one.")) is None
    assert asked(RETURNS, [US, EU], history=said("Hello", "Welcome to our shop in Europe.")) is None


@pytest.mark.parametrize("region", ["us", "United States", "美国", "Germany"])
def test_what_the_profile_says_is_not_asked(region: str) -> None:
    """Whether or not the passages of other regions were taken out before."""
    profile = Profile(region=region)
    assert asked(RETURNS, [US, EU], profile=profile) is None
    left = prefer([US, EU], wanted_of(profile, {}), asking(RETURNS))
    assert asked(RETURNS, left, profile=profile) is None


def test_what_was_chosen_before_is_not_asked() -> None:
    """A product chosen settles its family; another kind is asked for."""
    assert asked(RESET, [HUB_2, HUB_1], choices={"product": "Hub 1"}) is None
    assert asked(RESET, [HUB_2, HUB_1], choices={"product": "Thermostat T2"}) is not None


def test_what_the_bot_itself_asked_settles_nothing() -> None:
    """Neither the options of an earlier question of its own, nor its words: "which plan"."""
    before = said(
        "How do I cancel?", "Which plan is it about: Plus monthly or Family?", "family", "By letter. [1]"
    )
    assert asked(RETURNS, [EU, US], history=before) is not None
    before = said("How loud is it?", "Which product is it about: Hub 1, Hub 2 or Hub 2 Pro?")
    assert asked(RESET, [HUB_2, HUB_1], history=before) is not None


def test_another_kind_of_product_says_nothing_of_this_one() -> None:
    """The Hub 1 of an earlier question leaves open which doorbell is meant."""
    before = said("How many devices does the Hub 1 manage?", "32 devices. [1]")
    other = passage("Hold it for 20 seconds.", source="9.md", title="Doorbell 2 installation")
    pending = asked("How long do I hold the button of the doorbell?", [DOORBELL, other], history=before)
    assert pending is not None
    assert pending.options == ("Doorbell 1", "Doorbell 2")


def test_nothing_is_asked_twice() -> None:
    """Neither while the question waits nor later in the conversation."""
    pending = asked(RETURNS, [US, EU])
    assert pending is not None
    assert asked(RETURNS, [EU, US], state=State(pending=pending)) is None
    for language in ("en", "zh"):
        history = said(RETURNS, words(pending, language), "whatever", "Fine.")
        assert asked("How long do I have to return a chair?", [US, EU], history=history) is None
    other = Pending(question="x", facet="product", options=("A 1", "A 2"))
    assert asked(RETURNS, [US, EU], state=State(pending=other)) is not None


@pytest.mark.parametrize("message", ["How do I reset it?", "it doesn't work", "这个怎么重置？"])
def test_a_question_without_a_subject_is_asked_back(message: str) -> None:
    """With the products that were found, however unlikely they are."""
    pending = asked(message, [HUB_1, DOORBELL, PLAIN], 0.05, 0.04, 0.01)
    assert pending is not None
    assert (pending.facet, pending.options) == ("product", ("Doorbell 1", "Hub 1"))


def test_without_products_the_documents_are_the_options() -> None:
    """Their titles, without the site's name; with one document the question is open."""
    titled = [passage("x", source="a.md", title="refunds | Shop"), passage("y", source="b.md", title="Gifts")]
    pending = asked("How long is it?", titled, 0.1, 0.1)
    assert pending == Pending(question="How long is it?", facet=SUBJECT, options=("Refunds", "Gifts"))
    pending = asked("How long is it?", titled[:1], 0.1)
    assert pending == Pending(question="How long is it?", facet=SUBJECT, options=())


def test_the_one_product_that_a_customer_has_is_meant() -> None:
    """Of several, those are the options."""
    hits = [HUB_1, HUB_2, DOORBELL]
    assert asked("How do I reset it?", hits, profile=Profile(products=("Hub 2",))) is None
    pending = asked("How do I reset it?", hits, profile=Profile(products=("Hub 2", "Doorbell 1")))
    assert pending is not None
    assert pending.options == ("Doorbell 1", "Hub 2")


@pytest.mark.parametrize(
    ("message", "history"),
    [
        ("How do I reset it?", said("I have a doorbell.", "Good.")),
        ("How long is the warranty?", []),
        ("Is it possible to return an opened item?", []),
        ("refund", []),
        ("How do I reset E-417?", []),
    ],
)
def test_a_question_with_a_subject_is_not(message: str, history: list[Turn]) -> None:
    """In it or before it; and a word typed alone is a search."""
    assert asked(message, [PLAIN], 0.05, history=history) is None


CHAINS = [
    passage("Big Boy is an American restaurant chain.", source="a.md", title=""),
    passage("Chipotle was founded in 1993. Chipotle is a fast food chain.", source="b.md", title=""),
]
CHAIN = "Does this fast food chain deliver at night?"


def test_one_of_several_of_a_kind_is_asked_for() -> None:
    """Where nobody named it, the passages tell of several, and none answers well."""
    pending = asked(CHAIN, CHAINS, 0.2, 0.2)
    assert pending is not None
    assert (pending.facet, {*pending.options}) == (SUBJECT, {"Big Boy", "Chipotle"})
    assert asked(CHAIN, CHAINS, 0.8, 0.2) is None
    assert asked(CHAIN, CHAINS[:1], 0.2) is None
    assert asked(CHAIN, CHAINS, 0.2, 0.2, history=said("Which chain is cheap?", "Big Boy.")) is None
    assert asked("Does the Fast Food Chain deliver?", CHAINS, 0.2, 0.2) is None


def test_no_passages_no_question() -> None:
    """There are no options then; the bot abstains."""
    assert asked("How do I reset it?", []) is None


def test_the_words_list_the_options() -> None:
    """In English and Chinese; semicolons where an option has a comma."""
    pending = Pending(question="x", facet="product", options=("Hub 1", "Hub 2", "Hub 2 Pro"))
    assert words(pending, "en") == "Which product is it about: Hub 1, Hub 2 or Hub 2 Pro?"
    assert words(pending, "zh") == "请问是哪款产品：Hub 1、Hub 2还是Hub 2 Pro？"
    assert words(pending, "de") == words(pending, "en")
    commas = Pending(question="x", facet=SUBJECT, options=("Plan, monthly", "Gifts"))
    assert words(commas, "en") == "What is it about: Plan, monthly; Gifts, or something else?"
    for facet in ("plan", "region", "version", SUBJECT):
        for language in ("en", "zh"):
            assert "A 1" in words(Pending(question="x", facet=facet, options=("A 1", "B")), language)
    unknown = Pending(question="x", facet=SUBJECT, options=())
    assert words(unknown, "en") != words(unknown, "zh")


def test_a_question_back_says_nothing_of_the_profile() -> None:
    """Options are words of the documents; what the customer owns beyond them stays away."""
    profile = Profile(name="Zoe Quux", products=("Quux 77",), plan="Quuxplan", region="Quuxland")
    pending = asked(RETURNS, [US, EU], profile=profile)
    assert pending is not None
    assert "uux" not in repr(pending) + words(pending, "en")
