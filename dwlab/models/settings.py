"""How a model is computed: settings that may change its speed but not its pictures."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from .._util.checks import check_whole_number
from ..errors import InvalidInput, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffusers import DiffusionPipeline

CHOICES = {
    "attention": ("auto", "math", "flash", "efficient", "cudnn"),
    "compile": ("none", "default", "reduce-overhead", "max-autotune"),
    "slicing": ("none", "attention", "vae"),
    "offload": ("none", "model", "sequential"),
}
THREADS_LIMIT = 1024
# shapes of input that a compiled model may have: numbers of rows, for several sizes of picture
COMPILED_SHAPES = 64


@dataclass(frozen=True)
class Settings:
    """Settings besides device and dtype; the defaults are stock diffusers.

    attention: the kernel of scaled_dot_product_attention (auto: torch's choice). compile: a mode of
    torch.compile for the denoiser. channels_last: the memory layout of denoiser and decoder.
    slicing: trades speed for memory in attention or in the decoder. offload: keeps parts in the
    computer's memory until they are needed. threads: of the CPU, 1 to 1024 (None: torch's choice).
    Raises InvalidInput naming the field.
    """

    attention: str = "auto"
    compile: str = "none"
    channels_last: bool = False
    slicing: str = "none"
    offload: str = "none"
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            # YAML reads `off` and `no` as False
            if getattr(self, name) is False:
                object.__setattr__(self, name, "none")
            value = getattr(self, name)
            if value not in allowed:
                raise InvalidInput(name, value, f"one of {', '.join(allowed)}")
        if not isinstance(self.channels_last, bool):
            raise InvalidInput("channels_last", self.channels_last, "true or false")
        if self.threads is not None:
            check_whole_number("threads", self.threads, 1, THREADS_LIMIT, ", or nothing")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from a map; raises InvalidInput for other names."""
        for name, value in values.items():
            if name not in NAMES:
                raise InvalidInput(name, value, f"one of {', '.join(NAMES)}")
        return cls(**values)

    def changed(self) -> dict[str, Any]:
        """The settings that differ from stock."""
        stock = asdict(STOCK)
        return {name: value for name, value in asdict(self).items() if value != stock[name]}

    def check(self, device: str) -> None:
        """Raise InvalidInput for a setting that cannot work on a device."""
        is_cuda = device.startswith("cuda")
        if self.offload != "none" and device == "cpu":
            allowed = "none on a CPU, where there is nothing to move away from"
            raise InvalidInput("offload", self.offload, allowed)
        if self.attention == "cudnn" and not is_cuda:
            allowed = "auto, math, flash or efficient; cudnn needs CUDA"
            raise InvalidInput("attention", self.attention, allowed)
        if self.compile == "reduce-overhead" and not is_cuda:
            allowed = "default or max-autotune; CUDA graphs need CUDA"
            raise InvalidInput("compile", self.compile, allowed)


NAMES = tuple(field.name for field in fields(Settings))
STOCK = Settings()


def apply(pipeline: DiffusionPipeline, settings: Settings, device: str) -> None:
    """Move a freshly loaded pipeline to its device and make it compute with `settings`.

    Attention kernels and threads belong to the whole process: applying STOCK resets them. Raises
    InvalidInput for what cannot work on this device.
    """
    import torch

    settings.check(device)
    _choose_attention(settings.attention)
    torch.set_num_threads(settings.threads or _default_threads())
    denoiser = denoiser_of(pipeline)
    decoder = decoder_of(pipeline)
    _place(pipeline, settings.offload, device)
    _slice(pipeline, decoder, settings.slicing)
    if settings.channels_last:
        denoiser.to(memory_format=torch.channels_last)
        if decoder is not None:
            decoder.to(memory_format=torch.channels_last)
    if settings.compile != "none":
        # Not the module: hooks, which are set and removed with each call, would be compiled too.
        denoiser.forward = _compiled(denoiser.forward, settings.compile)


def _place(pipeline: DiffusionPipeline, offload: str, device: str) -> None:
    if offload == "none":
        pipeline.to(device)
    elif offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)


def _slice(pipeline: DiffusionPipeline, decoder: Any, slicing: str) -> None:
    if slicing == "attention":
        pipeline.enable_attention_slicing()
    elif slicing == "vae":
        if not hasattr(decoder, "enable_slicing"):
            allowed = "none or attention for this model, whose decoder cannot be sliced"
            raise InvalidInput("slicing", slicing, allowed)
        decoder.enable_slicing()


def _compiled(forward: Callable[..., Any], mode: str) -> Callable[..., Any]:
    import torch

    compiled = torch.compile(forward, mode=mode, dynamic=False)

    @functools.wraps(forward)
    def call(*args: Any, **kwargs: Any) -> Any:
        # torch keeps this limit per thread; beyond it, shapes would run uncompiled without a word
        torch._dynamo.config.cache_size_limit = COMPILED_SHAPES  # noqa: SLF001
        return compiled(*args, **kwargs)

    return call


def denoiser_of(pipeline: Any) -> Any:
    """The UNet or transformer of a pipeline; raises ModelError if it has neither."""
    denoiser = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    if denoiser is None:
        name = type(pipeline).__name__
        raise ModelError(f"a {name} has neither a UNet nor a transformer; dwlab needs one of them")
    return denoiser


def decoder_of(pipeline: Any) -> Any:
    """The part that turns latents into pixels, or None for a pipeline that works on pixels."""
    return getattr(pipeline, "vae", None) or getattr(pipeline, "movq", None)


@functools.cache
def _default_threads() -> int:
    import torch

    return torch.get_num_threads()


def _choose_attention(kernel: str) -> None:
    """Allow one kernel only, or for auto all that torch allows by default."""
    import torch

    # the CPU and MPS look at the same flags
    switches = {
        "math": torch.backends.cuda.enable_math_sdp,
        "flash": torch.backends.cuda.enable_flash_sdp,
        "efficient": torch.backends.cuda.enable_mem_efficient_sdp,
        "cudnn": torch.backends.cuda.enable_cudnn_sdp,
    }
    for name, enable in switches.items():
        enable(kernel in ("auto", name))
