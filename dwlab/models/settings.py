"""How a model is computed: settings of speed and memory, few of which change its pictures."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from .._util.checks import check_whole_number
from ..errors import InvalidInput, ModelError
from ..spec import families
from ..spec import memory as measures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diffusers import DiffusionPipeline

CHOICES = {
    "backend": ("torch", "openvino"),
    "attention": ("auto", "math", "flash", "efficient", "cudnn"),
    "compile": ("none", "default", "reduce-overhead", "max-autotune"),
    "slicing": ("none", "attention", "vae", "both"),
    "offload": ("none", "model", "group", "sequential"),
    "quantisation": (
        "none",
        "float8-layers",
        "torchao-8bit",
        "quanto-8bit",
        "bitsandbytes-8bit",
        "bitsandbytes-4bit",
    ),
}
THREADS_LIMIT = 1024
# Another way to write `compile: default`, so that one axis compares all backends.
COMPILE = "compile"
# what only torch heeds, by the settings that a backend of its own leaves no choice
_TORCHS_OWN = ("attention", "compile", "channels_last", "offload", "quantisation")


@dataclass(frozen=True)
class Settings:
    """Settings besides device and dtype; the defaults are stock diffusers.

    attention: the kernel of scaled_dot_product_attention (auto: torch's choice). compile: a mode of
    torch.compile for the denoiser. channels_last: the memory layout of denoiser and decoder.
    slicing: trades speed for memory in attention, in the decoder (one picture at a time) or in both.
    tiling: decodes a picture in tiles, which changes pictures larger than a tile. offload: keeps
    parts in the computer's memory until they are needed, whole (model), in groups of layers (group)
    or layer by layer (sequential). quantisation: keeps weights in 8 or 4 bits, which changes
    pictures. threads: of the CPU, 1 to 1024 (None: torch's choice). backend: what computes denoiser
    and decoder: torch, or on a CPU openvino, which rounds in other places; compile is another way to
    write torch with compile: default.
    Raises InvalidInput naming the field.
    """

    attention: str = "auto"
    compile: str = "none"
    channels_last: bool = False
    slicing: str = "none"
    offload: str = "none"
    threads: int | None = None
    tiling: bool = False
    quantisation: str = "none"
    backend: str = "torch"

    def __post_init__(self) -> None:
        if self.backend == COMPILE:
            object.__setattr__(self, "backend", "torch")
            if self.compile == "none":
                object.__setattr__(self, "compile", "default")
        for name, allowed in CHOICES.items():
            # YAML reads `off` and `no` as False
            if getattr(self, name) is False:
                object.__setattr__(self, name, "none")
            value = getattr(self, name)
            if value not in allowed:
                raise InvalidInput(name, value, f"one of {', '.join(allowed)}")
        for name in ("channels_last", "tiling"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidInput(name, getattr(self, name), "true or false")
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

    def with_measures(self, names: Iterable[str]) -> Settings:
        """The same with measures that save memory, by their names in `dwlab.spec.memory`."""
        changes: dict[str, Any] = {}
        for name in names:
            setting, value = measures.MEASURES[name]
            if setting == "slicing" and changes.get(setting, self.slicing) not in ("none", value):
                value = "both"
            changes[setting] = value
        return replace(self, **changes)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the measures that are in use."""
        return tuple(
            name
            for name, (setting, value) in measures.MEASURES.items()
            if self._has(setting, value)
        )

    def _has(self, setting: str, value: object) -> bool:
        own = getattr(self, setting)
        return own == value or (setting == "slicing" and own == "both")

    @property
    def keeps_parts(self) -> bool:
        """Whether a pipeline's parts stay as they were loaded, so that another one can have them."""
        changing = (self.compile, self.offload, self.quantisation, self.backend)
        return changing == ("none", "none", "none", "torch")

    @property
    def has_shapes(self) -> bool:
        """Whether the denoiser is made anew for each shape of its input."""
        return self.compile != "none" or self.backend != "torch"

    @property
    def mark(self) -> str:
        """What the fingerprint of a model's weights ends in, if its pictures are others than stock's."""
        marks = [name for name in self.measures if name in measures.OTHER_PICTURES]
        if self.backend != "torch":
            marks.append(self.backend)
        return "".join(f"+{name}" for name in marks)

    def check(self, device: str) -> None:
        """Raise InvalidInput for a setting that cannot work on a device."""
        is_cuda = device.startswith("cuda")
        if self.offload != "none" and device == "cpu":
            allowed = "none on a CPU, where there is nothing to move away from"
            raise InvalidInput("offload", self.offload, allowed)
        if self.attention == "cudnn" and not is_cuda:
            allowed = "auto, math, flash or efficient; cudnn needs CUDA"
            raise InvalidInput("attention", self.attention, allowed)
        if self.quantisation.startswith("bitsandbytes") and not is_cuda:
            allowed = "torchao-8bit, quanto-8bit or float8-layers; bitsandbytes needs CUDA"
            raise InvalidInput("quantisation", self.quantisation, allowed)
        if self.compile == "reduce-overhead" and not is_cuda:
            allowed = "default or max-autotune; CUDA graphs need CUDA"
            raise InvalidInput("compile", self.compile, allowed)
        if self.backend == "openvino":
            self._check_openvino(device)

    def _check_openvino(self, device: str) -> None:
        if device != "cpu":
            allowed = "torch on this device; dwlab computes with OpenVINO on CPUs"
            raise InvalidInput("backend", self.backend, allowed)
        for name in _TORCHS_OWN:
            if getattr(self, name) != getattr(STOCK, name):
                allowed = f"{getattr(STOCK, name)}, the default, with backend: openvino"
                raise InvalidInput(name, getattr(self, name), allowed)
        if self.slicing in ("attention", "both"):
            raise InvalidInput("slicing", self.slicing, "none or vae with backend: openvino")


NAMES = tuple(field.name for field in fields(Settings))
STOCK = Settings()


def apply(pipeline: DiffusionPipeline, settings: Settings, device: str) -> None:
    """Move a freshly loaded pipeline to its device and make it compute with `settings`.

    Its weights are quantised before, by `dwlab.models.quantisation`. Raises
    InvalidInput for what cannot work on this device.
    """
    import torch

    settings.check(device)
    apply_to_process(settings)
    denoiser = denoiser_of(pipeline)
    decoder = decoder_of(pipeline)
    if settings.quantisation == "float8-layers":
        denoiser.enable_layerwise_casting(torch.float8_e4m3fn, denoiser.dtype)
    if settings.channels_last:
        denoiser.to(memory_format=torch.channels_last)
        if decoder is not None:
            decoder.to(memory_format=torch.channels_last)
    _slice(pipeline, decoder, settings)
    _place(pipeline, settings.offload, device)
    if settings.compile != "none":
        # Not the module: hooks, which are set and removed with each call, would be compiled too.
        from .compilation import compiled

        denoiser.forward = compiled(denoiser.forward, settings.compile)


def apply_to_net(net: Any, settings: Settings, device: str) -> None:
    """Move a freshly loaded ControlNet to its device and make it compute like the model's denoiser.

    Of a model that is offloaded whole, the pipeline moves the net too (see `place_net`).
    """
    import torch

    if settings.quantisation == "float8-layers":
        net.enable_layerwise_casting(torch.float8_e4m3fn, net.dtype)
    if settings.channels_last:
        net.to(memory_format=torch.channels_last)
    if settings.slicing in ("attention", "both") and hasattr(net, "set_attention_slice"):
        net.set_attention_slice("auto")
    if settings.offload == "none":
        net.to(device)
    elif settings.offload == "group":
        net.enable_group_offload(**_group_offload(device))
    elif settings.offload == "sequential":
        from accelerate import cpu_offload

        cpu_offload(net, torch.device(device))


def place_net(pipeline: DiffusionPipeline, settings: Settings, device: str) -> None:
    """Let a pipeline that was made of loaded parts and a ControlNet move all of them, if any are."""
    if settings.offload == "model":
        pipeline.enable_model_cpu_offload(device=device)


def apply_to_process(settings: Settings) -> None:
    """Choose attention kernels and threads, which belong to the whole process, for what comes next.

    STOCK resets them.
    """
    import torch

    _choose_attention(settings.attention)
    threads = settings.threads or _default_threads()
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def _place(pipeline: DiffusionPipeline, offload: str, device: str) -> None:
    if offload == "none":
        pipeline.to(device)
    elif offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif offload == "group":
        pipeline.enable_group_offload(**_group_offload(device))
    else:
        pipeline.enable_sequential_cpu_offload(device=device)


def _group_offload(device: str) -> dict[str, Any]:
    import torch

    return {
        "onload_device": torch.device(device),
        "offload_type": "block_level",
        "num_blocks_per_group": 1,
        # a stream of its own loads the next group while one computes
        "use_stream": device.startswith("cuda"),
    }


@contextlib.contextmanager
def without_offload_hooks(
    pipeline: DiffusionPipeline, settings: Settings, device: str
) -> Iterator[None]:
    """While parts change, keep the hooks of accelerate off, and put them on again afterwards.

    diffusers does so by itself, but puts them on for another device than the chosen one. Hooks of
    groups are its own, and it renews them.
    """
    if settings.offload not in ("model", "sequential"):
        yield
        return
    pipeline.remove_all_hooks()
    try:
        yield
    finally:
        _place(pipeline, settings.offload, device)


def _slice(pipeline: DiffusionPipeline, decoder: Any, settings: Settings) -> None:
    """Slice attention, and slice and tile the decoder, as far as `settings` say."""
    if settings.slicing in ("attention", "both"):
        pipeline.enable_attention_slicing()
    if settings.slicing in ("vae", "both"):
        if not hasattr(decoder, "enable_slicing"):
            allowed = "none or attention for this model, whose decoder cannot be sliced"
            raise InvalidInput("slicing", settings.slicing, allowed)
        decoder.enable_slicing()
    if settings.tiling:
        if not hasattr(decoder, "enable_tiling"):
            allowed = "false for this model, whose decoder cannot work in tiles"
            raise InvalidInput("tiling", settings.tiling, allowed)
        decoder.enable_tiling()


def denoiser_of(pipeline: Any) -> Any:
    """The UNet or transformer of a pipeline; raises ModelError if it has neither."""
    family = families.of(type(pipeline).__name__)
    names = ["unet", "transformer"]
    if family is not None:
        names.insert(0, family.denoiser)
    denoiser = _first_part(pipeline, names)
    if denoiser is None:
        name = type(pipeline).__name__
        raise ModelError(f"a {name} has neither a UNet nor a transformer; dwlab needs one of them")
    return denoiser


def decoder_of(pipeline: Any) -> Any:
    """The part that turns latents into pixels, or None for a pipeline that works on pixels."""
    return _first_part(pipeline, ["vae", "movq", "vqgan"])


def _first_part(pipeline: Any, names: list[str]) -> Any:
    parts = (getattr(pipeline, name, None) for name in names)
    return next((part for part in parts if part is not None), None)


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
