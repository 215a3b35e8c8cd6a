"""The ways to draw the same cells that the engine benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...events import Done, Failed
from ...models import device as devices
from ...models import loading, memory_plan
from ...models.identity import identify
from ...models.settings import STOCK, Settings
from ...pictures.picture import Picture
from ...runs.generation import stream
from .. import timed_calls
from .genai import GenAI
from .sdcpp import SDCpp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image

    from ...models.loading import Model
    from ...spec.params import GenerationParams
    from .grids import Cells

    # yields the index of a cell and its picture
    Draw = Callable[[Model, Cells], Iterator[tuple[int, Image.Image]]]

# Rows of a grouped call: more gains nothing on a CPU.
GROUP_ROWS = 32


def loop(model: Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
    """Call the stock pipeline once per cell."""
    for index in range(len(cells)):
        yield from _stock(model, cells, [index])


def grouped(model: Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
    """Call the stock pipeline with lists of cells that differ in prompt and seed only.

    This is the best that can be done by hand.
    """
    for shared, group in _alike(cells).items():
        rows_per_cell = 2 if shared.guided else 1
        size = GROUP_ROWS // rows_per_cell
        for start in range(0, len(group), size):
            yield from _stock(model, cells, group[start : start + size])


def _alike(cells: Cells) -> dict[GenerationParams, list[int]]:
    """The indices of the cells that one call can take, by what these cells share."""
    groups: dict[GenerationParams, list[int]] = {}
    for index, params in enumerate(cells):
        # no call takes cells with and without a negative prompt
        negative_prompt = "any" if params.negative_prompt else ""
        shared = params.replace(prompt="", negative_prompt=negative_prompt, seed=0)
        groups.setdefault(shared, []).append(index)
    return groups


def _stock(model: Model, cells: Cells, group: list[int]) -> Iterator[tuple[int, Image.Image]]:
    arrays = timed_calls.stock(model, [cells[index] for index in group])
    pictures = model.pipeline.image_processor.numpy_to_pil(arrays)
    yield from zip(group, pictures, strict=True)


def packed(model: Model, cells: Cells) -> Iterator[tuple[int, Image.Image]]:
    """Draw as `dwlab.stream` does."""
    for event in stream(cells, model=model):
        if isinstance(event, Failed):
            raise RuntimeError(event.error)  # noqa: TRY004  # no type is at fault
        if isinstance(event, Done) and isinstance(event.result, Picture):
            yield event.index, event.result.image


@dataclass(frozen=True)
class Kind:
    """How an engine draws and computes.

    draw: the function that draws, or a class that makes one from a loaded model. is_fast: computes
    in the faster dtype of the device.
    """

    draw: Draw | type[GenAI | SDCpp]
    settings: Settings = STOCK
    is_fast: bool = False

    @property
    def is_by_torch(self) -> bool:
        """Whether torch computes all of it."""
        return not isinstance(self.draw, type) and self.settings.backend == "torch"


FAST = Settings(channels_last=True)
COMPILED = replace(FAST, compile="default")
OPENVINO = Settings(backend="openvino")
ENGINES = {
    "loop": Kind(loop),
    "grouped": Kind(grouped),
    # what diffusers documents as fast: the faster dtype, channels last, a compiled denoiser
    "stock-fast": Kind(loop, COMPILED, is_fast=True),
    "grouped-fast": Kind(grouped, COMPILED, is_fast=True),
    # what an expert would write by hand on a CPU: the stock pipeline, whose UNet and decoder OpenVINO
    # computes, converted and compiled for the two rows of a picture; fast is in bfloat16
    "openvino-loop": Kind(loop, OPENVINO),
    "openvino-loop-fast": Kind(loop, OPENVINO, is_fast=True),
    "openvino-genai": Kind(GenAI),
    "openvino-genai-fast": Kind(GenAI, is_fast=True),
    "sdcpp": Kind(SDCpp),
    "packed": Kind(packed),
    "packed-fast": Kind(packed, FAST, is_fast=True),
    "packed-compiled": Kind(packed, COMPILED, is_fast=True),
    "packed-openvino": Kind(packed, OPENVINO),
    "packed-openvino-fast": Kind(packed, OPENVINO, is_fast=True),
}


def peers(device: str) -> list[str]:
    """The engines that an expert would compare on a device; some are for CPUs."""
    is_cpu = devices.resolve(device) == "cpu"
    return [name for name in ENGINES if is_cpu or not ("openvino" in name or name == "sdcpp")]


@dataclass(frozen=True)
class Engine:
    """A way to draw and the model it draws with."""

    draw: Draw
    model: Model

    @property
    def compiled(self) -> bool:
        """Whether the denoiser was compiled, which happens anew for each shape of its input."""
        return self.model.identity.settings.has_shapes


def load(name: str, model: str, device: str, memory: tuple[str, ...] = ()) -> Engine:
    """The engine of a name (see ENGINES), with the model loaded as that engine computes it.

    memory: measures that save memory. Engines that compute alike share a model.
    """
    device = devices.resolve(device)
    kind = ENGINES[name]
    dtype = "auto"
    if kind.is_fast:
        dtype = devices.faster_dtype(device) or "auto"
    identity = identify(model, device, dtype, settings=kind.settings, memory=memory)
    loaded = loading.load_identified(memory_plan.fitted(identity))
    draw = kind.draw
    if isinstance(draw, type):
        return Engine(draw(loaded), loaded)
    return Engine(draw, loaded)
