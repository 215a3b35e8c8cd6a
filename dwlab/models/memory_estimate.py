"""How much memory a model will need, from the headers of its weights, before anything is loaded."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._util.jsonfile import read_object
from ..errors import ModelError
from ..spec import safetensors_header, single_file
from . import trust, weight_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ..spec.tensor_header import Tensor
    from .checkpoint import Checkpoint
    from .ip_adapters import IPAdapterFiles
    from .settings import Settings

ITEM_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
# bytes of a weight; 4 bits and the scales that belong to them
_QUANTISED_BYTES = {"8bit": 1.03, "4bit": 0.57}
# parts of a single file, by the beginnings of their tensors' names; the rest is the denoiser
_IN_A_FILE = {
    "vae": ("first_stage_model.", "vae."),
    "text_encoder": ("cond_stage_model.", "conditioner.", "text_encoders."),
}
_GROUP = re.compile(r"^.*?\.\d+(?=\.)")
# Of a decoder's widest picture-sized layer, so many are in memory at once; measured on a CPU with
# the decoder of Stable Diffusion at 256 and 512 pixels.
_DECODER_LAYERS = 5
_DECODER_CHANNELS = 256
_TILE = 512
# Numbers per pixel and row that a denoiser holds; measured likewise with the UNet of Stable
# Diffusion at 512 pixels.
_STEP_NUMBERS = 400
ROWS = 2  # of a picture with guidance
# copies of a denoiser's weights that OpenVINO makes: for two numbers of rows
_COMPILED = 2


@dataclass(frozen=True)
class PartSize:
    """The weights of a part of a pipeline, in numbers of values.

    matrices: of linear layers. kernels: of convolutions. others: the rest. fixed: bytes of weights
    that are not floating point, such as those of GGUF files. group, tensor: the largest group of layers, and the largest tensor,
    as shares of the whole.
    """

    name: str
    matrices: int = 0
    kernels: int = 0
    others: int = 0
    fixed: int = 0
    group: float = 1.0
    tensor: float = 1.0

    @classmethod
    def of(cls, name: str, tensors: Mapping[str, Tensor]) -> PartSize:
        """The size of a part with these tensors, by their names."""
        counts = {"matrices": 0, "kernels": 0, "others": 0}
        fixed = 0
        groups: dict[str, int] = {}
        largest = 0
        for path, tensor in tensors.items():
            numbers = math.prod(tensor.shape)
            if tensor.dtype.startswith(("F", "BF")):
                counts[_kind(path, tensor)] += numbers
            else:
                fixed += tensor.size
            match = _GROUP.match(path)
            group = match[0] if match else ""
            groups[group] = groups.get(group, 0) + numbers
            largest = max(largest, numbers)
        total = sum(groups.values()) or 1
        share = max(groups.values(), default=0) / total
        return cls(name, **counts, fixed=fixed, group=share, tensor=largest / total)

    def bytes(self, dtype: str, quantisation: str = "none") -> int:
        """Its bytes once it is loaded in a dtype, quantised or not."""
        item = ITEM_BYTES[dtype]
        matrices = kernels = float(item)
        bits = quantisation.rpartition("-")[2]
        if quantisation == "float8-layers" and self.name in (*DENOISERS, CONTROLNET):
            matrices = kernels = 1.0
        elif bits in _QUANTISED_BYTES and is_quantised(self.name):
            matrices = _QUANTISED_BYTES[bits]
        weights = self.matrices * matrices + self.kernels * kernels + self.others * item
        return round(weights) + self.fixed


DENOISERS = ("unet", "transformer")
CONTROLNET = "controlnet"


def is_quantised(part: str) -> bool:
    """Whether 8 and 4 bits are for this part: denoisers and text encoders, never the decoder."""
    return part in DENOISERS or part.startswith("text_encoder")


def _kind(path: str, tensor: Tensor) -> str:
    if len(tensor.shape) == 2:
        is_table = "embed" in path or "shared" in path
        return "others" if is_table else "matrices"
    return "kernels" if len(tensor.shape) > 2 else "others"


@dataclass(frozen=True)
class ModelSize:
    """The sizes of a model's parts. channels: of its decoder's widest picture-sized layer."""

    parts: tuple[PartSize, ...]
    channels: int = _DECODER_CHANNELS
    tile: int = _TILE

    def weights(self, dtype: str, quantisation: str = "none") -> int:
        """Bytes of all weights."""
        return sum(part.bytes(dtype, quantisation) for part in self.parts)

    def activations(self, dtype: str, pixels: int, *, tiling: bool = False) -> int:
        """About how many bytes one picture of so many pixels needs besides the weights."""
        item = ITEM_BYTES[dtype]
        decoded = min(pixels, self.tile**2) if tiling else pixels
        decoding = decoded * self.channels * item * _DECODER_LAYERS
        step = ROWS * pixels * _STEP_NUMBERS * item
        return max(decoding, step)

    def needs(self, settings: Settings, dtype: str, pixels: int) -> Needs:
        """What a picture of so many pixels needs, on the device and in the computer's memory."""
        quantisation = settings.quantisation
        total = self.weights(dtype, quantisation)
        activations = self.activations(dtype, pixels, tiling=settings.tiling)
        if settings.backend == "openvino":
            denoisers = [part for part in self.parts if part.name in DENOISERS]
            total += _COMPILED * sum(part.bytes(dtype) for part in denoisers)
        if settings.offload == "none":
            return Needs(total + activations, 0)
        shares = {
            "model": [1.0 for _ in self.parts],
            # one group computes while the next one arrives
            "group": [min(1.0, 2 * part.group) for part in self.parts],
            "sequential": [part.tensor for part in self.parts],
        }[settings.offload]
        largest = 0
        # a ControlNet is on the device beside the part that computes
        nets = 0
        for part, share in zip(self.parts, shares, strict=True):
            moved = round(part.bytes(dtype, quantisation) * share)
            if part.name == CONTROLNET:
                nets += moved
            else:
                largest = max(largest, moved)
        return Needs(largest + nets + activations, total)


@dataclass(frozen=True)
class Needs:
    """Bytes that a model needs on its device, and in the computer's memory beside a GPU."""

    device: int
    host: int


def size_of(
    folder: Path, variant: str | None = None, checkpoint: Checkpoint | None = None
) -> ModelSize | None:
    """The size of a model in a pipeline's folder, or in one file; None if its headers do not tell.

    variant: of the weights, like fp16. checkpoint: of a model in one file, whose configs are in
    `folder`. Reads headers and small configs only.
    """
    try:
        parts = _parts_of_file(checkpoint) if checkpoint else list(_parts(folder, variant))
        channels, tile = _decoder(folder / "vae" / "config.json")
    except (ModelError, OSError):
        return None
    if not any(part.matrices or part.kernels or part.fixed for part in parts):
        return None
    return ModelSize(tuple(parts), channels, tile)


def ip_adapter_sizes(adapters: Iterable[IPAdapterFiles]) -> list[PartSize]:
    """The sizes of IP-Adapters and of their image encoders, each counted once."""
    sizes = {}
    for adapter in adapters:
        path = adapter.file.path
        status = path.stat()
        tensors = _tensors_of(path, status.st_size, status.st_mtime_ns)
        sizes[path] = PartSize.of("ip_adapter", tensors)
        if adapter.encoder is not None:
            folder = adapter.encoder.folder
            sizes[folder] = _part("image_encoder", folder)
    return list(sizes.values())


def net_size(folder: Path) -> PartSize:
    """The size of a ControlNet, by the headers of its weights."""
    return _part(CONTROLNET, folder)


def _parts(folder: Path, variant: str | None) -> Iterator[PartSize]:
    for name, _, cls in trust.parts(folder):
        if weight_files.needs_weights(cls):
            yield _part(name, trust.place_of(folder, name), variant)


def _part(name: str, folder: Path, variant: str | None = None) -> PartSize:
    tensors: dict[str, Tensor] = {}
    for path in weight_files.files_of_part(folder, variant):
        status = path.stat()
        tensors |= _tensors_of(path, status.st_size, status.st_mtime_ns)
    return PartSize.of(name, tensors)


# planning asks again for each model and dtype
@functools.lru_cache(maxsize=64)
def _tensors_of(path: Path, _size: int, _changed: int) -> dict[str, Tensor]:
    return safetensors_header.read(path).tensors


def _parts_of_file(checkpoint: Checkpoint) -> list[PartSize]:
    """The parts in a file, and those that other folders lend."""
    header = single_file.read_header(checkpoint.file.name, checkpoint.file)
    tensors: dict[str, dict[str, Tensor]] = {}
    for name, tensor in header.tensors.items():
        tensors.setdefault(_part_of(name), {})[name] = tensor
    lent = [_part(name, folder) for name, folder in checkpoint.lent]
    return [PartSize.of(name, own) for name, own in tensors.items()] + lent


def _part_of(name: str) -> str:
    for part, beginnings in _IN_A_FILE.items():
        if name.startswith(beginnings):
            return part
    return "unet"


def _decoder(path: Path) -> tuple[int, int]:
    """The channels of a decoder's widest picture-sized layer, and the pixels of a tile's side."""
    config: Mapping[str, object] = read_object(path) if path.is_file() else {}
    channels = config.get("block_out_channels")
    widest = _DECODER_CHANNELS
    # the second last block still has its own channels when it reaches the picture's size
    if isinstance(channels, list) and channels and isinstance(channels[:2][-1], int):
        widest = channels[:2][-1]
    side = config.get("sample_size")
    return widest, side if isinstance(side, int) else _TILE
