"""Intents: what is learnt, what is told, what is none of them; and how a model is kept."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from quick import HashedEmbedder

from ragbot.dialogue.classify.labelled import MOST_EXAMPLES, MOST_INTENTS, rows_of, signature
from ragbot.dialogue.classify.likeness import SELF, Grams, Space, counts, near, readable
from ragbot.dialogue.classify.model import IntentModel, Labelled
from ragbot.dialogue.classify.outside import everyday
from ragbot.dialogue.classify.ridge import fit, logistic
from ragbot.dialogue.classify.stored import trained
from ragbot.errors import InputError, ModelDamaged
from ragbot.protocols import Embedder
from ragbot.text.glossary import load_glossary

REFUND = Labelled(
    name="refund_status",
    description="The customer asks where a refund is.",
    examples=(
        "where is my refund",
        "when do I get my money back",
        "my refund has not arrived",
        "has the refund been paid",
        "how long until the refund is on my card",
    ),
)
LOGIN = Labelled(
    name="login",
    description="The customer cannot sign in.",
    examples=(
        "I cannot log in",
        "I forgot my password",
        "the login page says wrong password",
        "reset my password please",
        "my account is locked",
    ),
)
DELIVERY = Labelled(
    name="DeliveryTime",
    description="The customer asks when the parcel comes.",
    examples=(
        "when will my parcel arrive",
        "where is my package",
        "the parcel is late",
        "how long does shipping take",
        "track my order",
    ),
)
ALL = (REFUND, LOGIN, DELIVERY)


@pytest.fixture(scope="module")
def quick_model() -> IntentModel:
    return IntentModel.train(ALL, HashedEmbedder(dimension=128))


def test_learnt_examples_are_recognised(quick_model: IntentModel) -> None:
    """Every example, said again, has its own intent, and the confidence is the first of the ranked ones."""
    for intent in ALL:
        for guess in quick_model.classify_many(intent.examples):
            assert guess.best == intent.name
            assert guess.ranked[0][0] == intent.name
            if guess.intent:
                assert guess.confidence == guess.ranked[0][1]


def test_probabilities_are_probabilities(quick_model: IntentModel) -> None:
    """Ranked probabilities fall, and with none of them they do not exceed one."""
    for guess in quick_model.classify_many(["where is my refund", "track it", "", "zzz", "密码"]):
        chances = [chance for _, chance in guess.ranked]
        assert chances == sorted(chances, reverse=True)
        assert 0 <= sum(chances) <= 1.000001
        assert 0 <= guess.confidence <= 1


@pytest.mark.parametrize("message", ["", "   ", "???", "\ud800", "zebra", "x" * 100_000, "的" * 5000])
def test_strange_messages_are_none(quick_model: IntentModel, message: str) -> None:
    """What shares nothing with any example fits none of the intents, and nothing breaks."""
    assert quick_model.classify(message).intent == ""


def test_same_input_same_model(quick_model: IntentModel) -> None:
    """Training is deterministic: two models give equal guesses, to the last bit, and equal signatures."""
    again = IntentModel.train(ALL, HashedEmbedder(dimension=128))
    texts = ["my money", "password", "late parcel", "something else"]
    assert again.classify_many(texts) == quick_model.classify_many(texts)
    assert again.signature == quick_model.signature


class CountingEmbedder(HashedEmbedder):
    """Counts the texts that it was given."""

    count = 0

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        self.count += len(texts)
        return super().embed(texts, kind=kind)


def test_a_given_vector_spares_the_embedder() -> None:
    """With the message's vector the guess is the same as without, and nothing is embedded."""
    embedder = CountingEmbedder(dimension=128)
    model = IntentModel.train(ALL, embedder)
    text = "where did the refund go"
    vector = embedder.embed([text], kind="query")[0]
    plain = model.classify(text)
    before = embedder.count
    assert model.classify(text, vector) == plain
    assert embedder.count == before


def test_one_or_many_is_the_same(quick_model: IntentModel) -> None:
    """A message's guess does not depend on its neighbours."""
    texts = [text for intent in ALL for text in intent.examples] * 40
    many = quick_model.classify_many(texts)
    for text, guess in list(zip(texts, many, strict=True))[:15]:
        one = quick_model.classify(text)
        assert (one.intent, one.best) == (guess.intent, guess.best)
        assert one.confidence == pytest.approx(guess.confidence, abs=1e-4)


def test_stricter_where_more_messages_fit_none(quick_model: IntentModel) -> None:
    """The greater the share expected to fit none, the fewer messages get an intent; the likeliest one stays."""
    texts = [text for intent in ALL for text in intent.examples]
    texts += [
        "my cows",
        "the parcel of land",
        "where is the moon",
        "paid work",
        "a long page",
        "wrong answers",
    ]
    taken = []
    for share in (0.01, 0.3, 0.9):
        guesses = quick_model.expecting(share).classify_many(texts)
        taken.append(sum(guess.intent != "" for guess in guesses))
        assert [guess.best for guess in guesses] == [guess.best for guess in quick_model.classify_many(texts)]
    assert taken[0] > taken[2]
    assert taken == sorted(taken, reverse=True)


def test_own_examples_of_none_are_heeded() -> None:
    """A message like the company's own examples of none is none of the intents, though it shares their words."""
    none = [
        f"{what} refund policy of the {who}"
        for what in ("the", "a", "that")
        for who in ("moon", "king", "sea")
    ]
    message = "refund policy of the queen"
    without = IntentModel.train(ALL, HashedEmbedder(dimension=128))
    heeded = IntentModel.train(ALL, HashedEmbedder(dimension=128), none=none)
    assert without.classify(message).intent == "refund_status"
    assert heeded.classify(message).intent == ""


def test_confusions_name_what_is_mistaken() -> None:
    """An example that stands among another intent's is reported with both names, its count and its text; clear
    intents that are far apart take none of each other's."""
    stray = "I forgot my password again"
    mixed = Labelled(name=REFUND.name, examples=(*REFUND.examples, stray))
    found = IntentModel.train((mixed, LOGIN, DELIVERY), HashedEmbedder(dimension=128)).confusions()
    pairs = {(each.intent, each.taken_for): each for each in found}
    assert stray in pairs["refund_status", "login"].texts
    assert pairs["refund_status", "login"].count == len(pairs["refund_status", "login"].texts)
    assert ("login", "DeliveryTime") not in pairs


def test_cross_validation_in_closed_form_is_the_real_one() -> None:
    """Scores without a row, and without a row's intent, equal those of a regression that never saw them."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(24, 5)).astype(np.float32)
    kernel = np.exp(-((points[:, None] - points[None]) ** 2).sum(axis=2)).astype(np.float32)
    labels = np.repeat(np.arange(4), 6)
    labels[-2:] = -1
    heights = np.array([1, 2, 1, 1], np.float32)
    fitted = fit(kernel.copy(), labels, heights)

    def foretold(row: int, left_out: NDArray[np.bool_]) -> NDArray[np.float32]:
        kept = np.flatnonzero(~left_out)
        learnt = fit(np.ascontiguousarray(kernel[np.ix_(kept, kept)]), labels[kept], heights)
        scores: NDArray[np.float32] = kernel[row, kept] @ learnt.weights
        return scores

    for row in (0, 7, 20, 23):
        itself = np.arange(24) == row
        np.testing.assert_allclose(fitted.without_self[row], foretold(row, itself), atol=1e-4)
    for row in (0, 7, 20):
        np.testing.assert_allclose(
            fitted.without_intent[row], foretold(row, labels == labels[row]), atol=1e-4
        )


def test_logistic_regression_finds_the_maximum() -> None:
    """At the coefficients found, the gradient of the penalised likelihood vanishes; without data they are the prior."""
    rng = np.random.default_rng(1)
    rows = np.column_stack((np.ones(80), rng.normal(size=(80, 2))))
    truth = (rng.random(80) < 0.5).astype(float)
    weights, prior = rng.random(80), np.array([-1.0, 2.0, 0.5])
    found = logistic(rows, truth, weights, prior=prior, pull=2.0)
    chance = 1 / (1 + np.exp(-rows @ found))
    np.testing.assert_allclose(rows.T @ (weights * (chance - truth)) + 2 * (found - prior), 0, atol=1e-6)
    empty = logistic(rows[:0], truth[:0], weights[:0], prior=prior)
    np.testing.assert_allclose(empty, prior)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_likeness_is_a_cosine(texts: list[str], message: str) -> None:
    """No message is more like another than it is like itself, and sparse and dense comparison agree."""
    embedder = HashedEmbedder()
    counted = [counts(text) for text in texts]
    space = Space.of(embedder.embed(texts), counted)
    seen = space.see(embedder.embed(texts), [1.0] * len(texts), counted)
    asked = space.see(embedder.embed([message]), [0.5], [counts(message)])
    grams = Grams.of(seen, len(space.keys))
    shared = grams.shared(asked.grams[0], 0, len(texts))
    dense = np.zeros(len(space.keys) + 1, np.float32)
    dense[asked.grams[0][0]] = asked.grams[0][1]
    np.testing.assert_allclose(shared, grams.sparse() @ dense[:-1], atol=1e-5)
    assert (near(asked, seen)[0] + shared).max() <= SELF + 1e-4


def test_what_the_embedder_cannot_read_is_trusted_less() -> None:
    """Chinese is glossed for an English embedder and then half trusted; without a gloss words and letters decide; an
    embedder of all languages reads it as it is."""
    english, every = frozenset({"en"}), frozenset[str]()
    assert readable("where is it", english, None) == ("where is it", 1.0)
    assert readable("退款", every, None) == ("退款", 1.0)
    glossed, trust = readable("退款", english, lambda _: "refund")
    assert (glossed, trust) == ("refund", 0.5)
    unread, less = readable("退款", english, None)
    assert unread == "退款"
    assert 0 < less < trust
    assert readable("退款", english, lambda _: "") == ("退款", less)


@pytest.mark.parametrize(
    ("intents", "share", "reason"),
    [
        ((), 0.3, "no intents"),
        ((Labelled(name=" "),), 0.3, "empty name"),
        ((REFUND, REFUND), 0.3, "'refund_status'"),
        ((REFUND, Labelled(name="___", examples=(" ",))), 0.3, "'___'"),
        (tuple(Labelled(name=f"intent {at}") for at in range(MOST_INTENTS + 1)), 0.3, str(MOST_INTENTS)),
        ((REFUND,), 0.0, "none_share"),
        ((REFUND,), 1.0, "none_share"),
    ],
)
def test_what_cannot_be_learnt_is_named(intents: tuple[Labelled, ...], share: float, reason: str) -> None:
    """Intents that cannot be learnt are refused before anything is embedded, with the culprit in the message."""
    embedder = HashedEmbedder()
    with pytest.raises(InputError, match=reason):
        IntentModel.train(intents, embedder, none_share=share)


def test_one_intent_alone(quick_model: IntentModel) -> None:
    """A single intent can be told from everything else."""
    model = IntentModel.train((REFUND,), HashedEmbedder(dimension=128))
    assert model.classify("where is my refund now").intent == "refund_status"
    assert model.classify("penguins cannot fly").intent == ""


def test_large_sets_are_thinned_evenly() -> None:
    """Beyond the most that is learnt from, the largest intents give up examples and the small ones keep all."""
    large = Labelled(name="large", examples=tuple(f"large {at}" for at in range(2 * MOST_EXAMPLES)))
    rows = rows_of((large, REFUND), ["nothing"])
    assert len(rows) <= MOST_EXAMPLES
    assert len(rows) > 0.99 * MOST_EXAMPLES
    assert sum(row.label == 1 and row.kind == "example" for row in rows) == len(REFUND.examples)


def test_a_saved_model_is_the_same(quick_model: IntentModel, tmp_path: Path) -> None:
    """Saved and loaded, a model gives the same guesses, confusions and signature."""
    quick_model.save(tmp_path / "model.npz")
    loaded = IntentModel.load(tmp_path / "model.npz", HashedEmbedder(dimension=128))
    texts = [*REFUND.examples, "nothing of the kind"]
    assert loaded.classify_many(texts) == quick_model.classify_many(texts)
    assert loaded.confusions() == quick_model.confusions()
    assert loaded.signature == quick_model.signature
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_damaged_and_foreign_files_are_refused(quick_model: IntentModel, tmp_path: Path) -> None:
    """A cut, changed, foreign or pickled file, or one for another embedder, is `ModelDamaged`; none at all is
    `FileNotFoundError`."""
    path = tmp_path / "model.npz"
    quick_model.save(path)
    whole = path.read_bytes()
    embedder = HashedEmbedder(dimension=128)
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 0xFF
    np.savez(tmp_path / "foreign.npz", header=np.frombuffer(b"[1]", np.uint8))
    np.save(tmp_path / "pickled.npy", np.array([{}], object), allow_pickle=True)
    others = [(tmp_path / name).read_bytes() for name in ("foreign.npz", "pickled.npy")]
    for content in (b"", b"hello", whole[:100], whole[:-30], bytes(changed), *others):
        path.write_bytes(content)
        with pytest.raises(ModelDamaged, match="train it again"):
            IntentModel.load(path, embedder)
    path.write_bytes(whole)
    with pytest.raises(ModelDamaged, match="another@1"):
        IntentModel.load(path, HashedEmbedder("another@1", 128))
    with pytest.raises(FileNotFoundError):
        IntentModel.load(tmp_path / "absent.npz", embedder)


def test_training_is_automatic_on_change(tmp_path: Path) -> None:
    """The stored model is used while intents, embedder and gloss are the same, and trained anew when one changes or
    the file is damaged."""
    embedder = HashedEmbedder(dimension=128)
    first = trained(ALL, embedder, tmp_path / "models")
    path = tmp_path / "models" / "intents.npz"
    stamp = path.stat().st_mtime_ns
    assert trained(ALL, embedder, tmp_path / "models").signature == first.signature
    assert path.stat().st_mtime_ns == stamp
    changed = (REFUND, LOGIN, Labelled(name="DeliveryTime", examples=DELIVERY.examples[:-1]))
    assert trained(changed, embedder, tmp_path / "models").signature != first.signature
    assert path.stat().st_mtime_ns != stamp
    path.write_bytes(path.read_bytes()[:500])
    assert trained(changed, embedder, tmp_path / "models").classify("track my parcel").best == "DeliveryTime"
    assert IntentModel.load(path, embedder).signature == signature(changed, embedder)


def test_the_signature_knows_what_matters() -> None:
    """Another text, embedder, share, example of none or gloss of Chinese gives another signature."""
    chinese = Labelled(name="refund", examples=("退款呢",))
    base = {signature((chinese,), HashedEmbedder())}
    variants = [
        signature((Labelled(name="refund", examples=("退款吗",)),), HashedEmbedder()),
        signature((chinese,), HashedEmbedder("other@1")),
        signature((chinese,), HashedEmbedder(), none_share=0.2),
        signature((chinese,), HashedEmbedder(), none=("no",)),
        signature((chinese,), HashedEmbedder(), gloss=lambda _: "refund"),
    ]
    assert len(base | set(variants)) == 6


def _train_into(folder: Path) -> None:
    for at in range(3):
        trained((REFUND, Labelled(name=f"login{at}", examples=LOGIN.examples)), HashedEmbedder(), folder)


@pytest.mark.slow
def test_two_processes_may_train_at_once(tmp_path: Path) -> None:
    """Processes that store different models in one folder leave one whole model, and nothing beside it."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_train_into, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert IntentModel.load(tmp_path / "intents.npz", HashedEmbedder()).names[0] == "refund_status"
    assert [path.name for path in tmp_path.iterdir()] == ["intents.npz"]


def test_classifying_needs_no_scipy(quick_model: IntentModel, tmp_path: Path) -> None:
    """A stored model is loaded and used without importing scipy or sklearn."""
    quick_model.save(tmp_path / "intents.npz")
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from pathlib import Path
from quick import HashedEmbedder
from ragbot.dialogue.classify.model import IntentModel
model = IntentModel.load(Path({str(tmp_path / "intents.npz")!r}), HashedEmbedder(dimension=128))
assert model.classify("where is my refund").best == "refund_status"
assert not {{"scipy", "sklearn"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_everyday_sentences_are_many_and_distinct() -> None:
    """The shipped list has no sentence twice, and both English and Chinese ones."""
    assert len(everyday()) == len(set(everyday())) >= 150
    assert sum(not text.isascii() for text in everyday()) >= 40


def test_descriptions_alone_work(embedder: Embedder) -> None:
    """Before any example exists, names and descriptions tell the intents apart, and other things are none."""
    told = [
        Labelled(name="refund_status", description="The customer wants to know when a refund arrives."),
        Labelled(name="cancel_order", description="The customer wants to cancel an order."),
        Labelled(name="account_access", description="The customer cannot sign in or forgot the password."),
        Labelled(name="damaged_item", description="Something arrived broken."),
    ]
    model = IntentModel.train(told, embedder)
    said = {
        "I still haven't got my money back for the returned shoes": "refund_status",
        "please stop my order, I don't want it any more": "cancel_order",
        "it says my password is wrong": "account_access",
        "the glass was cracked when I opened the box": "damaged_item",
        "what is the tallest mountain in Japan": "",
    }
    assert {text: model.classify(text).intent for text in said} == said


def test_intents_without_examples_beside_others(embedder: Embedder) -> None:
    """An intent that is only described is found although others have examples."""
    described = Labelled(name="warranty_claim", description="The customer asks about warranty or repair.")
    model = IntentModel.train((*ALL, described), embedder)
    assert model.classify("is the repair covered by warranty?").best == "warranty_claim"
    assert model.classify("I have forgotten what my password was").intent == "login"


def test_chinese_through_the_glossary(embedder: Embedder) -> None:
    """A Chinese message finds an intent that has English examples only, and Chinese examples find other wordings."""
    glossary = load_glossary()
    chinese = Labelled(
        name="invoice", examples=("我要开发票", "怎么开发票", "电子发票在哪里下载", "发票抬头写错了")
    )
    model = IntentModel.train((*ALL, chinese), embedder, gloss=lambda text: glossary.gloss(text, "en"))
    assert model.classify("忘记密码了怎么办").best == "login"
    assert model.classify("请给我开一张发票").intent == "invoice"
    assert model.classify("企鹅会飞吗").intent == ""
