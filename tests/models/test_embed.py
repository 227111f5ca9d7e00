"""Embedders: the contract, on the fake and the real one; nearness to the original; threads; loading."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fakes import KeywordEmbedder
from tiny_models import make_embedder

from ragbot.errors import ModelDamaged, ModelError, ModelNotFound
from ragbot.models.embed import OnnxEmbedder, SentenceTransformerEmbedder, load_embedder
from ragbot.models.hub import locate
from ragbot.models.manifest import read_manifest
from ragbot.protocols import Embedder
from ragbot.settings import EmbedderSettings, ModelsSettings

SENTENCES = """How long do refunds take?
Refunds are paid within five business days after we receive the lamp.
Reset
Hold the button for ten seconds until the light turns red, then let go.
The battery is charged with the supplied 5 V adapter; a full charge takes about 90 minutes.
Order no. 48-2291, EUR 1,249.50, shipped 2024-03-07 by express to 10115 Berlin.
Can I change my delivery address after I have placed an order?
Your warranty covers defects in material and workmanship for 24 months.
It does not cover damage by water, dropping, or repairs by third parties.
I want to talk to a human being, now!
My thermostat shows error E17 and the room stays cold.
Error E17 means that the radio link to the boiler receiver has been lost.
Do you ship to Switzerland, and who pays the customs duty?
You can pay by credit card, PayPal, bank transfer or on account.
The app asks for a code which I never get by SMS.
Thanks, that was very helpful.
In Europe you can return any item within 45 days, elsewhere within 30.
Firmware 2.4.1 fixes a crash when more than 32 devices are paired.
Where do I find the serial number?
The serial number is printed on the underside, below the bar code.
Gift cards cannot be exchanged for cash, and they expire after three years.
What is the difference between the Basic and the Pro plan?
The Pro plan costs 12 dollars a month and includes five seats.
Please cancel my subscription with effect from the end of the month.
SELECT name, price FROM products WHERE price < 100 ORDER BY price;
{"status": "failed", "code": 503, "retry_after": 30}
The mitochondrion is the powerhouse of the cell.
In 1911 Rutherford inferred the nucleus from the scattering of alpha particles.
The Normans were the people who gave their name to Normandy, a region in France.
Colourless green ideas sleep furiously.
Der Versand dauert drei bis fünf Werktage.
Le remboursement est effectué sous cinq jours ouvrés.
El reembolso tarda cinco días hábiles.
!!! ??? ... ---
a
0
LOUD CAPITALS ARE READ LIKE SMALL ONES
supercalifragilisticexpialidocious antidisestablishmentarianism
退款需要多长时间？
退款会在收到商品后五个工作日内到账。
请长按按钮十秒，直到指示灯变红。
我想修改收货地址。
保修期为二十四个月，不包括进水和摔落造成的损坏。
错误代码 E17 表示与锅炉接收器的无线连接已断开。
支持信用卡、支付宝和微信支付。
你们发货到香港和澳门吗？
订单号 48-2291，金额 1,249.50 元。
谢谢，问题解决了。
我要找人工客服！
如何重置密码？""".splitlines()
LONG = "Returns are free of charge within thirty days of delivery, in the box that the lamp came in. " * 40


REAL = ("minilm", "multilingual")
"""The fixtures that give the real ones."""


@pytest.fixture(params=["fake", *REAL])
def any_embedder(request: pytest.FixtureRequest) -> Embedder:
    """The fake and the real embedders, in turn."""
    if request.param == "fake":
        return KeywordEmbedder("refund", "battery", "returns", max_tokens=256)
    real: Embedder = request.getfixturevalue(request.param)
    return real


@pytest.fixture(params=REAL)
def real_embedder(request: pytest.FixtureRequest) -> Embedder:
    """The real embedders, in turn."""
    real: Embedder = request.getfixturevalue(request.param)
    return real


def test_vectors_are_unit_float32_rows(any_embedder: Embedder) -> None:
    """Any text, the empty one too, gives a float32 row of length 1; no text gives no row."""
    texts = ["", "How do I get a refund?", "battery", "\ud800 broken", LONG]
    vectors = any_embedder.embed(texts)
    assert vectors.shape == (len(texts), any_embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert any_embedder.embed([]).shape == (0, any_embedder.dimension)


def test_a_vector_depends_on_its_text_alone(any_embedder: Embedder) -> None:
    """A text has the same vector, bit for bit, whatever it is embedded with, and as often as one likes."""
    together = any_embedder.embed(SENTENCES)
    alone = np.concatenate([any_embedder.embed([text]) for text in SENTENCES])
    np.testing.assert_array_equal(together, alone)


def test_like_is_near_like(any_embedder: Embedder) -> None:
    """A question lies nearer to its answer than to something else."""
    question, answer, other = any_embedder.embed(
        ["refund duration?", "A refund takes 5 days", "battery charging"]
    )
    margin = 0.02 if any_embedder.name.startswith("multilingual") else 0.2  # its cosines lie between .7 and 1
    assert question @ answer > question @ other + margin


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \t\r\n\u00a0\u200b\ufeff", id="blank"),
        pytest.param("x" * 100_000, id="one long word"),
        pytest.param("退" * 100_000, id="no spaces"),
        pytest.param(" " * 100_000, id="spaces alone"),
        pytest.param("\u200b\u0007" * 50_000, id="characters that vanish"),
        pytest.param("How long do refunds take? " * 4_000, id="many words"),
        pytest.param("e" + "\u0301" * 100_000, id="marks upon marks"),
        pytest.param("\ud800 broken \udfff\ud800", id="lone surrogates"),
        pytest.param("\x00 nul \x00", id="nul"),
        pytest.param("<s></s><pad><unk><mask>[CLS][SEP]", id="names of special tokens"),
        pytest.param(
            "\U0001f469\u200d\U0001f4bb\U0001f3fd \U000e0041 \ue000 \ufdd0", id="emoji and private use"
        ),
        pytest.param("ᚠᚢᚦ 𓀀𓁐 ꦲꦏꦱ ཨོཾ ሰላም გამარჯობა բարև नमस्ते வணக்கம் ສະບາຍດີ", id="rare scripts"),
        pytest.param("שלום \u202e abc \u202c مرحبا", id="right to left"),
    ],
)
def test_any_text_has_a_vector(real_embedder: Embedder, text: str) -> None:
    """Whatever is typed or pasted: a finite vector of length 1 for query and passage, in seconds, and a count."""
    for kind in ("query", "passage"):
        (vector,) = real_embedder.embed([text], kind=kind)
        assert np.isfinite(vector).all()
        assert abs(np.linalg.norm(vector) - 1) < 1e-5
    (count,) = real_embedder.count_tokens([text])
    assert 0 <= count <= len(text) + 1


def records(home: Path, code: str) -> list[str]:
    """What ONNX Runtime leaves in a fresh home of a process that runs `code`."""
    home.mkdir()
    places = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "LOCALAPPDATA": str(home / "local")}
    kept = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], env=kept | places, check=True)
    return [str(path.relative_to(home)) for path in home.rglob("*") if "onnxruntime" in str(path)]


@pytest.fixture
def keeps_records(tmp_path: Path) -> None:
    """Skips where ONNX Runtime keeps no records of its own accord. Version 1.32 for Linux does, as soon as it is
    imported: a device id and a database of events in `Microsoft/DeveloperTools/.onnxruntime/`.
    """
    if not records(tmp_path / "loud", "import onnxruntime"):
        pytest.skip("this ONNX Runtime keeps no records: there is nothing to switch off")


@pytest.mark.usefixtures("keeps_records")
def test_embedding_leaves_no_record_in_the_home(models_cache: Path, tmp_path: Path) -> None:
    """A process that embeds has switched ONNX Runtime's telemetry off before it began."""
    code = (
        "from pathlib import Path; from ragbot.models.embed import load_embedder\n"
        "from ragbot.settings import EmbedderSettings, ModelsSettings\n"
        f"load_embedder(EmbedderSettings(device='cpu'), ModelsSettings(cache=Path({str(models_cache)!r})))"
        ".embed(['hello'])"
    )
    assert records(tmp_path / "home", code) == []


@pytest.mark.slow
@pytest.mark.usefixtures("keeps_records")
def test_preparing_leaves_no_record_in_the_home(tmp_path: Path) -> None:
    """Nor does a pull, which exports a graph, whatever library imports ONNX Runtime first."""
    folder = make_embedder(tmp_path / "tiny")
    code = (
        "from pathlib import Path; from ragbot.models.prepare import prepare\n"
        f"said = prepare(Path({str(folder)!r}), 'embedder', need_int8=False, languages=frozenset(), progress=print)\n"
        "assert said['backend'].startswith('onnx')"
    )
    assert records(tmp_path / "home", code) == []


def test_tokens_are_counted_whole(any_embedder: Embedder) -> None:
    """Counts are not cut at the window, and longer texts have more tokens."""
    assert any_embedder.count_tokens([]) == []
    few, many, none = any_embedder.count_tokens(["reset the lamp", LONG, ""])
    assert none == 0 < few < any_embedder.max_tokens < many


def test_what_exceeds_the_window_is_not_read(any_embedder: Embedder) -> None:
    """Words beyond `max_tokens` change nothing."""
    assert any_embedder.count_tokens([LONG])[0] > any_embedder.max_tokens
    one, other = any_embedder.embed([LONG + "battery", LONG + "refund"])
    np.testing.assert_array_equal(one, other)


def test_real_embedder_says_what_it_is(minilm: Embedder) -> None:
    """Name with the weights' hash and how they were prepared, dimension, window and language of all-MiniLM-L6-v2."""
    assert minilm.name == "all-minilm-l6-v2@53aa51172d14.2"
    assert (minilm.dimension, minilm.max_tokens) == (384, 256)
    assert minilm.languages == frozenset({"en"})
    words = " ".join(["lamp"] * 254)
    assert minilm.count_tokens([words]) == [254]
    read, cut = minilm.embed([words, f"{words} battery"])
    np.testing.assert_array_equal(read, cut)  # 254 of a text's own tokens fill the 256


@pytest.mark.slow
def test_int8_stays_near_the_original(minilm: Embedder, models_cache: Path) -> None:
    """Cosine to sentence-transformers in float32: at least 0.99 in the mean and 0.98 for each sentence."""
    folder = locate("all-minilm-l6-v2", ModelsSettings(cache=models_cache))
    original = SentenceTransformerEmbedder(
        folder, name=minilm.name, languages=minilm.languages, device="cpu", threads=2
    )
    assert isinstance(minilm, OnnxEmbedder)
    assert (original.dimension, original.max_tokens) == (minilm.dimension, minilm.max_tokens)
    texts = [*SENTENCES, LONG]
    assert original.count_tokens(texts) == minilm.count_tokens(texts)
    cosines = (original.embed(texts) * minilm.embed(texts)).sum(axis=1)
    assert cosines.mean() >= 0.99, cosines.mean()
    assert cosines.min() >= 0.98, texts[int(cosines.argmin())]


def test_threads_share_an_embedder(minilm: Embedder) -> None:
    """Four threads at once get what one gets."""
    expected = minilm.embed(SENTENCES)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: minilm.embed(SENTENCES), range(4)):
            np.testing.assert_array_equal(vectors, expected)


def test_the_multilingual_one_says_what_it_is(multilingual: Embedder) -> None:
    """Name with the hash of the weights' file, dimension, window, and no language that it does not know."""
    assert multilingual.name == "multilingual-e5-small@1571fc982750.2"
    assert (multilingual.dimension, multilingual.max_tokens) == (384, 512)
    assert multilingual.languages == frozenset()
    text = "How long do refunds take?"
    query, passage = (multilingual.embed([text], kind=kind)[0] for kind in ("query", "passage"))
    assert query @ passage < 0.99  # each with a prompt of its own


def test_loading_imports_no_torch(models_cache: Path) -> None:
    """Loading the embedder and embedding a question on a CPU import neither torch nor transformers."""
    code = (
        "import sys; from pathlib import Path; from ragbot.models.embed import load_embedder\n"
        "from ragbot.settings import EmbedderSettings, ModelsSettings\n"
        "assert 'onnxruntime' not in sys.modules\n"
        f"load_embedder(EmbedderSettings(device='cpu'), ModelsSettings(cache=Path({str(models_cache)!r})))"
        ".embed(['hello'])\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_folder_is_used_as_it_is(tmp_path: Path) -> None:
    """A path of a sentence-transformers folder is an embedder, named after folder and weights."""
    folder = make_embedder(tmp_path / "mine", prompts={"query": "how ", "document": ""})
    loaded = load_embedder(EmbedderSettings(model=str(folder), device="cpu"), ModelsSettings(cache=tmp_path))
    assert loaded.name.startswith("mine@")
    assert (loaded.dimension, loaded.max_tokens, loaded.languages) == (32, 48, frozenset())
    passage = loaded.embed(["how long"])
    np.testing.assert_allclose(loaded.embed(["long"], kind="query"), passage, atol=1e-5)
    assert loaded.embed([]).shape == (0, 32)
    assert loaded.count_tokens(["how long ?", ""]) == [3, 0]


def test_what_is_no_embedder_is_refused(tmp_path: Path, models_cache: Path) -> None:
    """A generator, an empty folder and an unknown name each give an error with the next step."""
    models = ModelsSettings(cache=models_cache)
    with pytest.raises(ModelError, match="no embedder but of kind generator"):
        load_embedder(EmbedderSettings(model="smollm2-135m-instruct", device="cpu"), models)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="weights"):
        load_embedder(EmbedderSettings(model=str(tmp_path / "empty"), device="cpu"), models)
    with pytest.raises(ModelNotFound, match="ragbot models pull"):
        load_embedder(EmbedderSettings(model="no-such-model", device="cpu"), models)


def test_a_damaged_graph_names_the_way_out(tmp_path: Path, models_cache: Path) -> None:
    """A graph that cannot be loaded says which command prepares it again."""
    folder = locate("all-minilm-l6-v2", ModelsSettings(cache=models_cache))
    manifest = read_manifest(folder, "all-minilm-l6-v2")
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelDamaged, match="ragbot models pull all-minilm-l6-v2"):
        OnnxEmbedder(tmp_path, manifest, threads=1)


def test_cuda_is_refused_where_there_is_none(models_cache: Path) -> None:
    """Asking for a GPU on a machine without one is an error, not a silent CPU."""
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ModelError, match="CUDA"):
        load_embedder(EmbedderSettings(device="cuda"), ModelsSettings(cache=models_cache))


def test_sentences_have_vectors_read_in_their_passage(real_embedder: OnnxEmbedder) -> None:
    """One unit vector for each span; a sentence's differs from that of the sentence alone; a passage that is one
    sentence has nearly its own vector; what is not read has the passage's."""
    text = "Refunds take five days. They go back to the card that was used."
    first, second = (0, 23), (24, len(text))
    far = "word " * 2000
    vectors, sentences = real_embedder.embed_sentences(
        [text, text, far, ""], [[first, second], [(0, len(text))], [(len(far) - 5, len(far) - 1)], []]
    )
    np.testing.assert_allclose(vectors, real_embedder.embed([text, text, far, ""]), atol=1e-5)
    assert [each.shape[0] for each in sentences] == [2, 1, 1, 0]
    for each in sentences:
        np.testing.assert_allclose(np.linalg.norm(each, axis=1), 1, atol=1e-5)
    alone = real_embedder.embed([text[24:]])[0]
    assert sentences[0][1] @ alone < 0.999
    assert sentences[1][0] @ vectors[1] > 0.9
    np.testing.assert_array_equal(sentences[2][0], vectors[2])


def test_a_customers_words_find_the_passage(embedder: Embedder) -> None:
    """The tuned embedder puts what answers first although it shares no word with the question, in other languages too;
    passages differ in what they answer, not in their topic."""
    passages = [
        "Refunds are paid to the card that was used, within five working days.",
        "Cards that were lost are blocked in the app under Settings > Security.",
        "Orders above 50 euros are delivered free of charge.",
        "An order can be changed until it leaves our warehouse.",
    ]
    asked = [
        ("when will i see my money again", 0),
        ("wann hab ich mein geld zurück", 0),
        ("钱什么时候能退回来", 0),
        ("my wallet got stolen, what do i do", 1),
        ("do i pay for shipping", 2),
        ("oops wrong size, can you still fix it before it ships", 3),
    ]
    cosines = embedder.embed([text for text, _ in asked], kind="query") @ embedder.embed(passages).T
    assert [int(row.argmax()) for row in cosines] == [right for _, right in asked]
