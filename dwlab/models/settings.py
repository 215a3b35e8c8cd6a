"""How a model is computed: what may change its speed and must not change its pictures."""

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


@dataclass(frozen=True)
class Settings:
    """Settings of a computation beside device and dtype; the defaults are stock diffusers.

    attention: which kernel of scaled_dot_product_attention (auto: torch's choice). compile: a mode of torch.compile for
    the denoiser. channels_last: the memory layout of denoiser and decoder. slicing: trade speed for memory in attention,
    or in the decoder. offload: keep parts in the computer's memory until they are needed. threads: of the CPU, 1 to 1024
    (None: torch's choice). Raises InvalidInput naming the field.
    """

    attention: str = "auto"
    compile: str = "none"
    channels_last: bool = False
    slicing: str = "none"
    offload: str = "none"
    threads: int | None = None

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) is False:  # what YAML makes of `off` and `no`
                object.__setattr__(self, name, "none")
            if getattr(self, name) not in allowed:
                raise InvalidInput(name, getattr(self, name), f"one of {', '.join(allowed)}")
        if not isinstance(self.channels_last, bool):
            raise InvalidInput("channels_last", self.channels_last, "true or false")
        if self.threads is not None:
            check_whole_number("threads", self.threads, 1, THREADS_LIMIT, ", or nothing")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from a map; names that are no settings raise InvalidInput."""
        for name in values:
            if name not in NAMES:
                raise InvalidInput(name, values[name], f"one of {', '.join(NAMES)}")
        return cls(**values)

    def changed(self) -> dict[str, Any]:
        """The settings that differ from stock."""
        return {
            name: value for name, value in asdict(self).items() if value != getattr(STOCK, name)
        }

    def check(self, device: str) -> None:
        """Raise InvalidInput for a setting that cannot work on a device."""
        if self.offload != "none" and device == "cpu":
            raise InvalidInput(
                "offload", self.offload, "none on a CPU, where there is nothing to move away from"
            )
        if self.attention == "cudnn" and not device.startswith("cuda"):
            raise InvalidInput(
                "attention", self.attention, "auto, math, flash or efficient; cudnn needs CUDA"
            )
        if self.compile == "reduce-overhead" and not device.startswith("cuda"):
            raise InvalidInput(
                "compile", self.compile, "default or max-autotune; CUDA graphs need CUDA"
            )


SHAPES = 64  # of a compiled model's input: numbers of rows, for several sizes of picture
NAMES = tuple(f.name for f in fields(Settings))
STOCK = Settings()


def apply(pipeline: DiffusionPipeline, settings: Settings, device: str) -> None:
    """Move a freshly loaded pipeline to its device and make it compute as `settings` say.

    Attention kernels and threads belong to the whole process: applying STOCK puts them back. Raises InvalidInput for
    what cannot work on this device.
    """
    import torch

    settings.check(device)
    _choose_attention(settings.attention)
    torch.set_num_threads(settings.threads or _usual_threads())
    denoiser, decoder = denoiser_of(pipeline), decoder_of(pipeline)
    if settings.offload == "none":
        pipeline.to(device)
    elif settings.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    if settings.slicing == "attention":
        pipeline.enable_attention_slicing()
    elif settings.slicing == "vae":
        if not hasattr(decoder, "enable_slicing"):
            raise InvalidInput(
                "slicing", "vae", "none or attention for this model, whose decoder cannot be sliced"
            )
        decoder.enable_slicing()
    if settings.channels_last:
        for part in filter(None, (denoiser, decoder)):
            part.to(memory_format=torch.channels_last)
    if settings.compile != "none":
        # not the module: hooks, which are set and removed with each call, would be compiled with it
        denoiser.forward = _compiled(denoiser.forward, settings.compile)


def _compiled(forward: Callable[..., Any], mode: str) -> Callable[..., Any]:
    import torch

    compiled = torch.compile(forward, mode=mode, dynamic=False)

    @functools.wraps(forward)
    def call(*args: Any, **kwargs: Any) -> Any:
        # torch keeps this for each thread; beyond it shapes would run uncompiled, unsaid
        torch._dynamo.config.cache_size_limit = SHAPES  # noqa: SLF001
        return compiled(*args, **kwargs)

    return call


def denoiser_of(pipeline: Any) -> Any:
    """The module of a pipeline that removes the noise: its UNet or transformer. Raises ModelError if it has neither."""
    denoiser = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    if denoiser is None:
        raise ModelError(
            f"a {type(pipeline).__name__} has neither a UNet nor a transformer, one of which dwlab needs"
        )
    return denoiser


def decoder_of(pipeline: Any) -> Any:
    """The module of a pipeline that makes pixels of latents: its `vae` or `movq`; None for one that works on pixels."""
    return getattr(pipeline, "vae", None) or getattr(pipeline, "movq", None)


@functools.cache
def _usual_threads() -> int:
    import torch

    return torch.get_num_threads()


def _choose_attention(kernel: str) -> None:
    """Allow one kernel only, or for auto all that torch allows by itself."""
    import torch

    for name, enable in {
        "math": torch.backends.cuda.enable_math_sdp,  # CPU and MPS ask the same flags
        "flash": torch.backends.cuda.enable_flash_sdp,
        "efficient": torch.backends.cuda.enable_mem_efficient_sdp,
        "cudnn": torch.backends.cuda.enable_cudnn_sdp,
    }.items():
        enable(kernel in ("auto", name))
