"""A chat model of the transformers library in this process: greedy decoding, streamed.

It does not know what a good answer is, nor how the prompt was put together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator as Yielding
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import GenerationError, ModelError
from ragbot.models.hub import locate
from ragbot.models.manifest import MANIFEST, read_manifest
from ragbot.models.runtime import choose_device, go_offline, quiet_transformers
from ragbot.types import Generation, Message

if TYPE_CHECKING:
    from ragbot.protocols import Generator
    from ragbot.settings import GeneratorSettings, ModelsSettings

LOOKUP_TOKENS = 5
"""How many tokens prompt-lookup decoding proposes at a time: replies that copy from the passages come 2.5 times
as fast, some others up to 40 % slower, the text is the same (scripts/LOG.md)."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def load_generator(settings: GeneratorSettings, models: ModelsSettings) -> Generator:
    """The generator that the settings name: behind `base_url` if that is set, else run here.

    Raises `ModelNotFound` naming the command that fetches the model, `ModelDamaged`, or `ModelError` if it
    cannot run here.
    """
    if settings.base_url:
        from ragbot.models.remote import RemoteGenerator

        missing = [name for name in ("httpx", "tenacity") if find_spec(name) is None]
        if missing:
            raise ModelError(
                f"generator.base_url needs {', '.join(missing)}: run `pip install 'ragbot[remote]'`"
            )
        return RemoteGenerator(settings)
    folder = locate(settings.model, models)
    name = settings.model
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder, name)
        if manifest.kind != "generator":
            raise ModelError(
                f"{name} is no generator but of kind {manifest.kind}; set generator.model to a chat model"
            )
    return TransformersGenerator(folder, name=name, device=choose_device(settings.device))


class TransformersGenerator:
    """A causal language model with a chat template. Safe to use from several threads, which take turns."""

    def __init__(self, folder: Path, *, name: str, device: Literal["cpu", "cuda"]) -> None:
        go_offline()
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        try:
            with quiet_transformers():
                self._tokenizer: Any = AutoTokenizer.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False
                )
                model: Any = AutoModelForCausalLM.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=dtype
                )
        except Exception as error:  # whatever the libraries raise over a folder they cannot read
            raise ModelError(f"{folder} is no causal language model that can be loaded ({error})") from error
        if not self._tokenizer.chat_template:
            raise ModelError(
                f"{name} has no chat template; set generator.model to an instruction-tuned model"
            )
        self._model = model.to(device).eval()
        self._special = sorted(
            {each.content for each in self._tokenizer.added_tokens_decoder.values() if each.special}
        )
        self._turn = threading.Lock()
        self.name = name
        self.context_tokens: int = self._model.config.get_text_config().max_position_embeddings

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt exactly as `stream` gives it to the model."""
        return len(self._encode(messages))

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        """Yield text as it comes; return the whole `Generation`, its time in seconds.

        At most `max_tokens` tokens, or what the window leaves. Closing the generator stops the model after
        the step it is in. Raises `GenerationError` if the prompt leaves no room, or the model fails.
        """
        started = time.perf_counter()
        prompt = self._encode(messages)
        room = self.context_tokens - len(prompt)
        if room < 1:
            raise GenerationError(
                f"the prompt has {len(prompt)} tokens, but {self.name} reads at most {self.context_tokens - 1}; "
                "give it fewer passages or shorter messages"
            )
        run = _Run(self, prompt, min(max_tokens, room))
        tokens: list[int] = []
        text = ""
        try:
            for step in run:
                tokens += step
                longer = self._decode(tokens)
                if not longer.endswith(_REPLACEMENT) and len(longer) > len(text):
                    yield longer[len(text) :]
                    text = longer
        finally:
            run.stop()
        if len(longer := self._decode(tokens)) > len(text):
            yield longer[len(text) :]
            text = longer
        return Generation(
            text=text,
            model=self.name,
            prompt_tokens=len(prompt),
            completion_tokens=len(tokens),
            finish_reason="stop" if tokens and tokens[-1] in self._ends() else "length",
            seconds=time.perf_counter() - started,
        )

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        plain = [{"role": each.role, "content": self._defused(each.content)} for each in messages]
        try:
            encoded = self._tokenizer.apply_chat_template(plain, add_generation_prompt=True, return_dict=True)
        except Exception as error:  # templates raise their own, such as over a role they do not know
            raise GenerationError(
                f"the chat template of {self.name} refuses these messages: {error}"
            ) from error
        return list(encoded["input_ids"])

    def _defused(self, content: str) -> str:
        """The content with control tokens broken up, so that no text can end its own message or open another."""
        for token in self._special:
            if token in content:
                content = content.replace(token, f"{token[0]} {token[1:]}")
        return content

    def _decode(self, tokens: list[int]) -> str:
        decoded: str = self._tokenizer.decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return decoded

    def _ends(self) -> set[int]:
        """The tokens that end a reply."""
        ends = self._model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}

    def generate(
        self, prompt: list[int], max_tokens: int, *, streamer: Any, cancelled: threading.Event
    ) -> None:
        """Run the model to its end in the calling thread, giving `streamer` the prompt and each step's tokens."""
        import torch
        from transformers import StoppingCriteriaList

        ids = torch.tensor([prompt], device=self._model.device)

        def stop(ids: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
            return torch.full((ids.shape[0],), cancelled.is_set(), device=ids.device, dtype=torch.bool)

        with self._turn, torch.inference_mode():
            if not cancelled.is_set():
                self._model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=max_tokens,
                    do_sample=False,
                    prompt_lookup_num_tokens=LOOKUP_TOKENS,
                    streamer=streamer,
                    stopping_criteria=StoppingCriteriaList([stop]),
                )


class _Run:
    """One generation in its own thread; iterating gives each step's tokens as they come."""

    def __init__(self, generator: TransformersGenerator, prompt: list[int], max_tokens: int) -> None:
        self._steps: SimpleQueue[list[int] | BaseException | None] = SimpleQueue()
        self._cancelled = threading.Event()
        self._prompt_seen = False
        self._work = (generator, prompt, max_tokens)
        self._thread = threading.Thread(target=self._generate, name="ragbot-generate")
        self._thread.start()

    def _generate(self) -> None:
        generator, prompt, max_tokens = self._work
        try:
            generator.generate(prompt, max_tokens, streamer=self, cancelled=self._cancelled)
        except BaseException as error:
            self._steps.put(error)
        else:
            self._steps.put(None)

    def put(self, value: Any) -> None:
        """Transformers' streamer interface: the prompt first, then one or more tokens a step."""
        if self._prompt_seen:
            self._steps.put([int(each) for each in value.reshape(-1)])
        self._prompt_seen = True

    def end(self) -> None:
        """Transformers' streamer interface; the thread's own end says it all."""

    def __iter__(self) -> Yielding[list[int], None, None]:
        while (step := self._steps.get()) is not None:
            if isinstance(step, BaseException):
                raise GenerationError(f"{self._work[0].name} failed: {type(step).__name__}: {step}") from step
            yield step

    def stop(self) -> None:
        """Ask the thread to end after its present step, and wait for it."""
        self._cancelled.set()
        self._thread.join()
