"""A GGUF file -> float32 safetensors, configuration and tokenizer beside it, once, when a model is pulled.

It does not know about caches. The GGUF goes afterwards: reading it takes half a minute at each start.
"""

from __future__ import annotations

from pathlib import Path

from ragbot.errors import ModelError
from ragbot.models.runtime import go_offline, quiet_transformers


def convert(folder: Path) -> None:
    """Replace the one `*.gguf` in `folder` by what `AutoModelForCausalLM.from_pretrained` loads.

    float32, because a dequantised 4-bit value is the product of a float16 scale and a whole number:
    bfloat16 would change 79 % of SmolLM2's weights and float16 42 % (measured). Raises `ModelError` if there is
    not exactly one GGUF file.
    """
    sources = sorted(folder.glob("*.gguf"))
    if len(sources) != 1:
        names = ", ".join(path.name for path in sources)
        raise ModelError(f"{folder.name} holds {len(sources)} GGUF files ({names}); a model is one file")
    go_offline()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=sources[0].name, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=sources[0].name, local_files_only=True, dtype=torch.float32
        )
        model.hf_quantizer = (
            None  # the weights are plain tensors by now; transformers will not save them else
        )
        del model.config.quantization_config
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    sources[0].unlink()
