"""What the ranker sees of a passage, and that its weights say what they should."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pytest
from passages import asking, passage

from ragbot.index.lexical import Lexical, count_terms
from ragbot.index.question import Question, understand
from ragbot.index.rank import FEATURES, Candidates, Floats, features, probabilities
from ragbot.text.glossary import Glossary
from ragbot.types import Chunk, Turn

NOTHING_ELSE = [f"Filler number {number} about lamps and hubs." for number in range(20)]


def seen(question: Question, chunks: Sequence[Chunk], cosines: Sequence[float] = ()) -> dict[str, Floats]:
    """Each feature of the chunks, which stand in a corpus with some others."""
    texts = [(chunk.title, chunk.heading, chunk.text, str(chunk.meta["language"])) for chunk in chunks]
    lexical = Lexical.build(
        [count_terms(*each) for each in [*texts, *(("", "", t, "en") for t in NOTHING_ELSE)]]
    )
    near = np.array(cosines or [0.5] * len(chunks), np.float32)
    candidates = Candidates(
        positions=np.arange(len(chunks)), cosines=near, context_cosines=near, chunks=list(chunks)
    )
    rows = features(question, candidates, lexical)
    assert rows.shape == (len(chunks), len(FEATURES))
    assert np.isfinite(rows).all()
    return dict(zip(FEATURES, rows.T, strict=True))


def chunk(text: str, heading: str = "", language: str = "en") -> Chunk:
    return passage(text, heading=heading, title="", language=language).chunk


def test_coverage_is_the_share_of_the_question_by_rarity() -> None:
    """All words: 1; none: 0; the rarer word counts more than the common one."""
    found = seen(
        asking("refund lamps"),
        [chunk("A refund for lamps."), chunk("A refund."), chunk("Some lamps."), chunk("Nothing here.")],
    )["coverage"]
    assert found[0] == pytest.approx(1.0)
    assert found[1] > found[2] > found[3] == 0.0


def test_words_that_stand_together_fill_a_window() -> None:
    """The same words a page apart are worth less; their order does not matter."""
    gap = " Other things are said here, at some length and to no end." * 5
    near, apart, turned = seen(
        asking("express refund"),
        [
            chunk("The express refund takes a day." + gap),
            chunk("Express is fast." + gap + " A refund follows."),
            chunk("A refund by express."),
        ],
    )["window"]
    assert near == turned == pytest.approx(1.0)
    assert apart < 0.9


def test_the_window_reads_inflected_words_and_chinese() -> None:
    """`policies` is found in "policy", 退款期限 in running text."""
    assert seen(asking("return policies"), [chunk("Our return policy.")])["window"][0] == pytest.approx(1.0)
    found = seen(
        asking("退款期限"),
        [chunk("退款的期限为三十天。", language="zh"), chunk("期限。" + "其他内容。" * 20 + "退款。")],
    )["window"]
    assert found[0] > found[1]


def test_the_rarest_word_that_is_missing_counts() -> None:
    """A passage without the rare word lacks more than one without the common word; words no document has are nobody's
    fault."""
    missing = seen(asking("refund lamps zyxwo"), [chunk("refund lamps"), chunk("refund"), chunk("lamps")])[
        "rarest_missing"
    ]
    assert missing[0] == 0.0
    assert missing[2] > missing[1] > 0


def test_headings_are_part_of_the_evidence() -> None:
    """A word of the question in the heading counts there."""
    above, none = seen(
        asking("refund"), [chunk("It takes five days.", heading="Refund"), chunk("A refund takes five days.")]
    )["heading_coverage"]
    assert above == pytest.approx(1.0)
    assert none == 0.0


@pytest.mark.parametrize(
    ("message", "kind"),
    [("Is parking free there?", "leaning"), ("Which parking garages are open on Sunday mornings?", "alone")],
)
def test_the_subject_of_the_conversation_is_recognised(message: str, kind: str) -> None:
    """The place that was named last comes first; under a weight of its own where the message stands alone."""
    history = [
        Turn(role="assistant", text="I can offer the Rose Garden Inn."),
        Turn(role="user", text="Something else please"),
        Turn(role="assistant", text="There is also the Harbor Lodge."),
    ]
    history.insert(0, Turn(role="user", text="a hotel"))
    question = understand(message, history, glossary=Glossary([]), languages=frozenset())
    assert question.leans is (kind == "leaning")
    found = seen(question, [
        chunk("Parking is free.", heading="Harbor Lodge: Is there parking?"),
        chunk("Parking is free.", heading="Rose Garden Inn: Is there parking?"),
        chunk("Parking is free.", heading="Palace: Is there parking?"),
    ])  # fmt: skip
    last, earlier, never = found[f"subject_{kind}"]
    assert last > earlier > never
    other = "alone" if kind == "leaning" else "leaning"
    assert not found[f"subject_{other}"].any()


def test_without_a_conversation_it_says_nothing() -> None:
    """Every feature of the context is 0."""
    found = seen(asking("refund"), [chunk("A refund."), chunk("Other.")])
    assert not any(found[name].any() for name in FEATURES if name.startswith(("context_", "subject_")))


def test_shares_are_of_the_best_candidate() -> None:
    """The nearest has 1, what points away has 0."""
    found = seen(asking("refund"), [chunk("a refund"), chunk("b"), chunk("c")], [0.8, 0.4, -0.2])
    assert found["cosine_share"].tolist() == pytest.approx([1.0, 0.5, 0.0])
    assert found["bm25_share"].tolist() == pytest.approx([1.0, 0.0, 0.0])


def test_no_candidates_no_rows() -> None:
    """Nothing proposed is nothing weighed."""
    assert not len(probabilities(seen(asking("refund"), [])["cosine"].reshape(0, len(FEATURES)), known=True))


@pytest.mark.parametrize("known", [True, False])
def test_probabilities_add_up_and_follow_the_evidence(known: bool) -> None:
    """They sum to 1, and a candidate that is better in everything comes first."""
    rows = np.zeros((3, len(FEATURES)))
    rows[1] = 1.0
    rows[1, FEATURES.index("rarest_missing")] = 0.0
    found = probabilities(rows, known=known)
    assert found.sum() == pytest.approx(1.0)
    assert found.argmax() == 1


def test_the_weights_are_complete_and_point_the_right_way() -> None:
    """Each group names every feature and no other; evidence never counts against a passage, a missing word never
    for it; words count for more where the embedder cannot read."""
    weights = json.loads(files("ragbot.index").joinpath("ranker.json").read_text(encoding="utf-8"))
    assert set(weights) == {"known", "unknown"}
    for group in weights.values():
        assert set(group) == set(FEATURES)
        assert all(value >= 0 for name, value in group.items() if name not in ("rarest_missing", "length"))
        assert group["rarest_missing"] <= 0
    known, unknown = weights["known"], weights["unknown"]
    assert known["bm25_share"] < unknown["bm25_share"]
    assert known["cosine_share"] > unknown["cosine_share"]
