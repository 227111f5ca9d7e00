"""A sentence-transformers folder -> one ONNX file for ONNX Runtime on a CPU, once, when a model is pulled.

The graph takes the token ids of one text, unpadded, and gives its unit vector: attention is one fused
node, pooling and normalisation are inside. It does not know about caches, manifests or batches.
"""

from __future__ import annotations

import errno
import gc
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ragbot.models.runtime import onnx_runtime, out_of_space, quiet_transformers, silence_onnx_runtime

Pooling = Literal["mean", "cls"]
_ATTENTION = "ragbot_onnx"
_OPSET = 17


def export(
    folder: Path, target: Path, *, pooling: Pooling, int8: bool, texts: Sequence[Sequence[int]]
) -> None:
    """Write the optimised graph of the embedder in `folder` to `target`.

    Input `input_ids` int64 (1, tokens); outputs `embedding` float32 (1, dimension), of length 1, and `states`
    float32 (tokens, dimension), of which it is the mean (or the first). With `int8`
    the weights of matrix products and embedding tables are int8 per channel and activations are quantised
    on the fly; `texts`, as token ids, tell how far the activations spread. Whatever torch, onnx or ONNX
    Runtime cannot do raises their own exceptions.
    """

    def trace(path: Path) -> None:
        import torch

        class UnitVector(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.encoder = _encoder(folder, texts if int8 else ())

            def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
                states: torch.Tensor = self.encoder(input_ids=input_ids).last_hidden_state
                pooled = states.mean(1) if pooling == "mean" else states[:, 0]
                return torch.nn.functional.normalize(pooled, dim=1), states.squeeze(0)

        ids = torch.arange(5, 37).unsqueeze(0)
        axes = {"input_ids": {1: "tokens"}, "states": {0: "tokens"}}
        _trace(UnitVector(), {"input_ids": ids}, path, outputs=["embedding", "states"], axes=axes)

    _write(target, trace, int8=int8)


def export_reader(
    folder: Path, head: Path, target: Path, *, int8: bool, texts: Sequence[Sequence[int]]
) -> None:
    """Write the optimised graph of the reader in `folder`, whose last layers lie in the file `head`, to `target`.

    Inputs `input_ids` int64 (1, tokens) and `parts` float32 (2 + sentences, tokens), outputs `logit` float32 (1,) and
    `cosines` float32 (sentences,): see `ragbot.models.reader_net`. Otherwise as `export`.
    """

    def trace(path: Path) -> None:
        import torch

        from ragbot.models.reader_net import ReaderNet, load_head

        net = ReaderNet(_encoder(folder, texts if int8 else ()), load_head(head))
        given = {"input_ids": torch.arange(5, 37).unsqueeze(0), "parts": torch.full((4, 32), 1 / 32)}
        axes = {"input_ids": {1: "tokens"}, "parts": {0: "rows", 1: "tokens"}, "cosines": {0: "sentences"}}
        _trace(net, given, path, outputs=["logit", "cosines"], axes=axes)

    _write(target, trace, int8=int8)


def _write(target: Path, trace: Callable[[Path], None], *, int8: bool) -> None:
    """Trace, quantise where wanted, optimise; nothing but `target` is left."""
    silence_onnx_runtime()
    traced, quantised = target.with_suffix(".traced.onnx"), target.with_suffix(".int8.onnx")
    try:
        with _quiet():
            trace(traced)
        gc.collect()  # the traced model is large and in cycles; what follows takes several times its size
        _unwrap_attention(traced)
        if int8:
            _quantise(traced, quantised)
        _optimise(quantised if int8 else traced, target)
    except Exception as error:
        if out_of_space(
            error, target.parent
        ):  # asked while the files are there: onnx writes half of one in silence
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise
    finally:
        quantised.unlink(missing_ok=True)
        for each in target.parent.glob(f"{traced.stem}*"):  # the quantisation has one beside it for a while
            each.unlink()


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns that it is the older one, and of each shape that becomes a constant of the trace;
    the caller compares the result with the original model, which is the better check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _encoder(folder: Path, texts: Sequence[Sequence[int]]) -> Any:
    """The transformer in `folder` with fused attention, made even for int8 where there are `texts`."""
    import torch
    from transformers import AttentionInterface, AutoModel

    from ragbot.models.smooth import even_rows, smooth

    AttentionInterface.register(_ATTENTION, _fused_attention())
    with quiet_transformers():
        encoder = AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            attn_implementation=_ATTENTION,
            dtype=torch.float32,
        )
    if texts:
        smooth(encoder.eval(), texts)
        even_rows(encoder)
    return encoder


def _trace(
    net: Any, given: Mapping[str, Any], target: Path, *, outputs: list[str], axes: dict[str, dict[int, str]]
) -> None:
    import torch

    with torch.no_grad():
        torch.onnx.export(
            net.eval(),
            tuple(given.values()),
            target,
            input_names=list(given),
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
            custom_opsets={"com.microsoft": 1},
        )


def _fused_attention() -> Any:
    """An attention function for transformers that is exported as one `MultiHeadAttention` node.

    One unpadded text needs no mask, so ONNX Runtime takes its flash attention.
    """
    import torch

    class Fused(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, *given: Any) -> Any:
            *flat, heads, scale = given
            query, key, value = (each.unflatten(-1, (heads, -1)).transpose(1, 2) for each in flat)
            mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=scale)
            return mixed.transpose(1, 2).flatten(2)

        @staticmethod
        def symbolic(graph: Any, *given: Any) -> Any:
            *flat, heads, scale = given
            node = graph.op("com.microsoft::MultiHeadAttention", *flat, num_heads_i=heads, scale_f=scale)
            return node.setType(flat[0].type())

    def attend(
        _: Any, query: Any, key: Any, value: Any, attention_mask: Any, **named: Any
    ) -> tuple[Any, None]:
        if attention_mask is not None or key.shape[1] != query.shape[1]:
            raise NotImplementedError("only plain bidirectional attention can be exported")
        heads, width = int(query.shape[1]), int(query.shape[3])
        scale = named.get("scaling") or width**-0.5
        flat = [each.transpose(1, 2).reshape(1, -1, heads * width) for each in (query, key, value)]
        mixed = Fused.apply(*flat, heads, float(scale))  # type: ignore[no-untyped-call]  # torch leaves it so
        return mixed.view(1, -1, heads, width), None

    return attend


def _unwrap_attention(path: Path) -> None:
    """Join each attention node to what it reads and to what reads it, in place.

    transformers splits the heads of a tensor that the node takes whole, and joins them again: reshapes that
    undo each other, with the shapes computed at every run.
    """
    import onnx
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    model = onnx.load_model(path)
    add_pre_process_metadata(
        model
    )  # else its quantisation warns on the root logger; shapes are not needed here
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type == "MultiHeadAttention":
            for place in range(3):
                while (maker := makers[node.input[place]]).op_type == "Reshape":
                    node.input[place] = maker.input[0]
    for node in (each for each in graph.node if each.op_type != "Reshape"):
        for place, given in enumerate(node.input):
            maker = makers.get(given)
            while maker is not None and maker.op_type == "Reshape":
                maker = makers.get(maker.input[0])
            if maker is not None and maker.op_type == "MultiHeadAttention":
                node.input[place] = maker.output[0]
    while unread := _unread(graph):
        for node in unread:
            graph.node.remove(node)
    onnx.save_model(model, path)


def _unread(graph: Any) -> list[Any]:
    read = {name for node in graph.node for name in node.input} | {each.name for each in graph.output}
    return [node for node in graph.node if read.isdisjoint(node.output)]


def _quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,  # by its path: of a model in memory the library makes a copy in the system's folder for such files
        target,
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=True,
        reduce_range=True,  # 7-bit weights: the AVX2 kernels saturate with 8 (see scripts/LOG.md)
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _optimise(source: Path, target: Path) -> None:
    """Run ONNX Runtime's graph optimisations once and keep the result: loading then takes no time."""
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.optimized_model_filepath = str(target)
    options.intra_op_num_threads = 1
    options.log_severity_level = (
        3  # it warns that the file suits this machine only; the cache is this machine's
    )
    onnxruntime.InferenceSession(
        str(source),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # slower than the two nodes it fuses (scripts/LOG.md)
    )
