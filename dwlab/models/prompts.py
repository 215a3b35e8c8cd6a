"""Prompts as embeddings: parts with weights, and prompts longer than a text encoder reads at once.

compel does the arithmetic (https://github.com/damian0815/compel): a weight above 1 moves the
embeddings of its tokens away from those of an empty text, one below 1 mixes in the embeddings of
the prompt without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra
from ..spec.long_prompts import CHUNK
from ..spec.prompt_encoders import FLUX, SD, SDXL, encoding
from ..spec.prompt_weights import COMPEL, Part, parts_of, without_weights
from .call_parameters import call_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from ..spec.params import GenerationParams

# what takes the place of these arguments of a call
REPLACED = frozenset({"prompt", "negative_prompt", "clip_skip"})


def parts_in(name: str, text: str, params: GenerationParams) -> tuple[Part, ...]:
    """The parts of a prompt with their weights, as the recipe says; raises InvalidInput.

    name: of the parameter.
    """
    if params.prompt_weighting == COMPEL:
        return parts_of(name, text)
    return (Part(text, 1.0),)


def embeddings(pipeline: Any, params: GenerationParams) -> dict[str, torch.Tensor]:
    """The arguments of the pipeline's call that take the place of its prompts.

    It is empty if the recipe asks for plain prompts, or the pipeline's family has no other.
    Each is [1, tokens, features], or [1, features] if its name has `pooled` in it. Raises
    MissingExtra without compel.
    """
    encode = _ENCODERS.get(encoding(type(pipeline).__name__) or "")
    if encode is None or not params.embeds_prompts:
        return {}
    known = call_parameters(pipeline)
    arguments = encode(_Prompts(pipeline, params))
    return {name: value for name, value in arguments.items() if name in known}


class _Prompts:
    """The prompts of one recipe, on their way through a pipeline's text encoders."""

    def __init__(self, pipeline: Any, params: GenerationParams) -> None:
        self.pipeline = pipeline
        self.params = params
        self.prompt = parts_in("prompt", params.prompt, params)
        self.negative = parts_in("negative_prompt", params.negative or "", params)

    def encoder(self, number: int, states: str, tokens: int | None = None) -> _Encoder:
        """The pipeline's first or second text encoder. states: of which layer it returns."""
        return _Encoder(self.pipeline, number, states, tokens, self.params.long_prompt == CHUNK)


class _OnItsDevice:
    """A text encoder that says which device it computes on.

    compel asks for that, and the weights of one that is offloaded lie elsewhere between its calls.
    """

    def __init__(self, encoder: Any, device: Any) -> None:
        self._encoder = encoder
        self.device = device
        self.dtype = encoder.dtype

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._encoder(*args, **kwargs)

    @property
    def text_model(self) -> Any:
        """What has the final layer norm, for clip_skip."""
        return self._encoder.text_model


class _Encoder:
    """A text encoder with its tokenizer.

    number: 1 or 2. states: a ReturnedEmbeddingsType. tokens: that it reads, if not as many as its
    tokenizer says. chunk: whether a long text is read in several windows, instead of being cut.
    """

    def __init__(
        self, pipeline: Any, number: int, states: str, tokens: int | None, chunk: bool
    ) -> None:
        provider_class, states_type = _compel_classes()
        ending = "" if number == 1 else f"_{number}"
        self._pipeline = pipeline
        self._tokenizer = getattr(pipeline, f"tokenizer{ending}")
        device = pipeline._execution_device  # noqa: SLF001  # where stock encodes prompts
        self._provider = provider_class(
            tokenizer=self._tokenizer,
            text_encoder=_OnItsDevice(getattr(pipeline, f"text_encoder{ending}"), device),
            truncate=not chunk,
            returned_embeddings_type=states_type[states],
            model_max_length=tokens,
        )

    def encode(self, prompts: Sequence[Sequence[Part]]) -> list[torch.Tensor]:
        """The embeddings of each prompt, [1, tokens, features], all of the same length."""
        encoded = [self._encode(parts) for parts in prompts]
        longest = max(states.shape[1] for states in encoded)
        return [self.padded(states, longest) for states in encoded]

    def padded(self, states: torch.Tensor, length: int) -> torch.Tensor:
        """`states` with windows of an empty text up to a length in tokens."""
        import torch

        windows = (length - states.shape[1]) // self._provider.max_token_count
        empty = self._provider.empty_z.to(states)
        return torch.cat([states, *[empty] * windows], dim=1)

    def pooled(self, parts: Sequence[Part]) -> torch.Tensor:
        """The embedding of a prompt as a whole, [1, features]; it knows no weights."""
        text = self._with_embeddings_of_words(without_weights(parts))
        pooled: torch.Tensor = self._provider.get_pooled_embeddings([text])
        return pooled

    def _encode(self, parts: Sequence[Part]) -> torch.Tensor:
        # compel cannot lower the weight of no tokens
        visible = [part for part in parts if part.text.strip()] or [Part("", 1.0)]
        states: torch.Tensor = self._provider.get_embeddings_for_weighted_prompt_fragments(
            text_batch=[[self._with_embeddings_of_words(part.text) for part in visible]],
            fragment_weights_batch=[[part.weight for part in visible]],
            device=self._provider.device,
        )
        return states

    def _with_embeddings_of_words(self, text: str) -> str:
        """A text in which words that were added to the model (textual inversion) are spelled out."""
        convert = getattr(self._pipeline, "maybe_convert_prompt", None)
        return str(convert(text, self._tokenizer)) if convert else text


def _compel_classes() -> tuple[Any, Any]:
    try:
        from compel import EmbeddingsProvider, ReturnedEmbeddingsType
    except ModuleNotFoundError:
        raise MissingExtra("prompts with weights or in chunks", "models") from None
    return EmbeddingsProvider, ReturnedEmbeddingsType


def _stable_diffusion(prompts: _Prompts) -> dict[str, Any]:
    skipped = prompts.params.call.get("clip_skip")
    states = "PENULTIMATE_HIDDEN_STATES_NORMALIZED" if skipped else "LAST_HIDDEN_STATES_NORMALIZED"
    positive, negative = prompts.encoder(1, states).encode([prompts.prompt, prompts.negative])
    return {"prompt_embeds": positive, "negative_prompt_embeds": negative}


def _stable_diffusion_xl(prompts: _Prompts) -> dict[str, Any]:
    import torch

    states = "PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED"
    first = prompts.encoder(1, states)
    second = prompts.encoder(2, states)
    pair = [prompts.prompt, prompts.negative]
    left = first.encode(pair)
    right = second.encode(pair)
    # the two tokenizers may divide a long text differently
    length = max(left[0].shape[1], right[0].shape[1])
    positive, negative = (
        torch.cat([first.padded(a, length), second.padded(b, length)], dim=-1)
        for a, b in zip(left, right, strict=True)
    )
    arguments = {"prompt_embeds": positive, "pooled_prompt_embeds": second.pooled(prompts.prompt)}
    if prompts.params.negative is None and prompts.pipeline.config.force_zeros_for_empty_prompt:
        # the pipeline makes zeros by itself
        return arguments
    return {
        **arguments,
        "negative_prompt_embeds": negative,
        "negative_pooled_prompt_embeds": second.pooled(prompts.negative),
    }


def _flux(prompts: _Prompts) -> dict[str, Any]:
    tokens = prompts.params.call.get("max_sequence_length", _FLUX_TOKENS)
    whole = prompts.encoder(1, "POOLED")
    words = prompts.encoder(2, "LAST_HIDDEN_STATES_NORMALIZED", tokens)
    (positive,) = words.encode([prompts.prompt])
    arguments = {"prompt_embeds": positive, "pooled_prompt_embeds": whole.pooled(prompts.prompt)}
    if prompts.params.negative is None:
        return arguments
    (negative,) = words.encode([prompts.negative])
    return {
        **arguments,
        "negative_prompt_embeds": negative,
        "negative_pooled_prompt_embeds": whole.pooled(prompts.negative),
    }


_FLUX_TOKENS = 512  # that its T5 reads, unless the call says otherwise
_ENCODERS = {SD: _stable_diffusion, SDXL: _stable_diffusion_xl, FLUX: _flux}
