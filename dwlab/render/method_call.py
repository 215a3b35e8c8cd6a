"""The call with code of the user's own that makes the picture of one cell."""

from __future__ import annotations

import contextlib
import functools
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import RenderError
from ..events import Step
from ..models.parts import modules_of
from ..models.settings import decoder_of, denoiser_of
from ..models.watched_steps import watched
from ..spec.own_code.loading import object_of
from . import gradients, preview
from .latents import decode
from .method_cell import MethodCell
from .own_components import own_component
from .own_parts import OwnPart
from .own_pipeline import derived
from .own_randomness import OwnRandomness
from .packing.cell import heard
from .recording import recording
from .stock_call import StockCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image

    from ..models.predictions import Prediction
    from ..pictures.picture import Picture
    from ..spec.own_code.recipe import Method
    from .one_cell import Rendering
    from .own_time import CellTime
    from .resolved_cell import ResolvedCell

ALLOWED = (
    "a picture of Pillow, an array [height, width, 3] of floats from 0 to 1 or of bytes, or latents "
    "as a tensor"
)


class MethodCall(StockCall):
    """One call of a method, or of a pipeline or with a scheduler of the user's own.

    It can be stopped wherever it calls a part of the model.
    """

    def __init__(self, rendering: Rendering, cell: ResolvedCell) -> None:
        self._randomness = OwnRandomness(cell.params.seed, rendering.model.identity.device)
        self._time: CellTime | None = None
        self._thread = threading.get_ident()
        own_time = rendering.channel.own_time
        # a file that is loaded runs too
        with (
            self._randomness.in_use(),
            own_time.of_cell(cell, rendering.method_timeout),
            _exits_told(),
            gradients.as_in_a_script(),
        ):
            super().__init__(rendering, cell)
            self._function = _function(cell.params.method)
            if cell.params.pipeline is not None:
                own = cell.params.pipeline
                self._pipeline = derived(self._pipeline, object_of(own.name, own.code, own.file))
                self._last = self._pipeline
        self._parts = self._own_parts()
        self._steps_done = 0

    def picture(self) -> Picture:
        """Make the picture; the copies that the method made of the model end with it."""
        try:
            return super().picture()
        finally:
            for part in self._parts.values():
                part.let_go()

    def _own_parts(self) -> dict[str, OwnPart]:
        """Put a part of its own in the place of each part of the pipeline; returns those that compute."""
        whole = self._rendering.whole or self._rendering.model
        denoiser = denoiser_of(whole.pipeline)
        parts = {}
        for name, real in modules_of(whole.pipeline).items():
            hear = self._hear if real is denoiser else _ignore
            shared = getattr(self._pipeline, name)
            parts[name] = OwnPart(real, shared, self._giving_way, hear)
            vars(self._pipeline)[name] = parts[name].twin
        for name, component in whole.pipeline.components.items():
            # the scheduler is the cell's own already
            if name not in parts and name != "scheduler" and hasattr(component, "__dict__"):
                vars(self._pipeline)[name] = own_component(component)
        return parts

    def _hear(self, answer: Any) -> None:
        """Take note of what the denoiser answered to this cell alone."""
        self._last_step.hear(answer)

    @contextlib.contextmanager
    def _giving_way(self, with_gradients: bool = False) -> Iterator[None]:
        """The method waits for a part of the model, and may be stopped there.

        with_gradients: whether gradients flow through the part.
        """
        if threading.get_ident() != self._thread:
            raise RenderError(
                "the method calls the model in a thread of its own; call it in the thread that the "
                "method runs in"
            )
        self._rendering.channel.check(self.cell.position)
        if self._time is None:
            yield
            return
        self._randomness.end()
        device = self._rendering.model.identity.device.partition(":")[0]
        inference = torch.inference_mode(mode=not with_gradients)
        try:
            # what the method does within `torch.autocast()` is its own
            with self._time.paused(), inference, torch.autocast(device, enabled=False):
                yield
        finally:
            self._randomness.begin()

    def _follow_scheduler(self, scheduler: Any) -> None:
        """Tell of a step whenever the method takes one with the cell's scheduler."""
        take_step = scheduler.step

        # pipelines look at what it takes: a generator, or eta
        @functools.wraps(take_step)
        def step(*args: Any, **kwargs: Any) -> Any:
            output = take_step(*args, **kwargs)
            latents = output[0] if isinstance(output, tuple) else output.prev_sample
            self._tell_step(latents)
            return output

        scheduler.step = step

    def _tell_step(self, latents: Any) -> None:
        self._steps_done += 1
        steps = max(len(self._pipeline.scheduler.timesteps), self._steps_done)
        model = self._rendering.whole or self._rendering.model
        prediction = self._last_step.prediction
        rough = functools.partial(preview.forming, prediction, latents[0], model, self._aspect)
        step = Step(self.cell.position, self.cell.params, self._steps_done, steps, rough)
        self._rendering.channel.check(self.cell.position)
        # a reader may take its time
        with self._time.paused() if self._time else contextlib.nullcontext():
            self._rendering.channel.send(step)

    def _see(self, step: Prediction) -> None:
        # without probes nothing is computed
        with self._giving_way() if self._rendering.probes else contextlib.nullcontext():
            self._traces.see(step)

    def _record(self, name: object, value: object) -> None:
        is_asked = bool(self._last_step.answers)
        self._traces.record(name, value, is_asked=is_asked)

    def _arguments(self) -> dict[str, Any]:
        """Nothing yet: the method asks for the arguments when it needs them."""
        return {}

    def _stock_arguments(self) -> dict[str, Any]:
        arguments = super()._arguments()
        # the steps are told in another way, so that a method may have a callback of its own
        for name in ("callback_on_step_end", "callback"):
            arguments.pop(name, None)
        return arguments

    def _made(self, arguments: dict[str, Any]) -> Any:  # noqa: ARG002  # those of the stock call
        cell = MethodCell(self.cell, self._stock_arguments)
        own_time = self._rendering.channel.own_time
        scheduler = self._pipeline.scheduler
        whole = self._rendering.whole or self._rendering.model
        with watched(scheduler, self._see) as last_step, heard(whole.pipeline, last_step.hear):
            self._last_step = last_step
            self._follow_scheduler(scheduler)
            with (
                self._randomness.in_use(),
                own_time.of_cell(self.cell, self._rendering.method_timeout) as self._time,
                recording(self._record),
                _exits_told(),
                gradients.as_in_a_script(),
            ):
                output = self._function(self._pipeline, cell)
        self._time = None
        return self._picture_in(output)

    def _picture_in(self, output: Any) -> np.ndarray[Any, Any] | Image.Image:
        """What a method returned as an array [height, width, 3] or a picture; raises RenderError."""
        from PIL import Image

        output = _single(output)
        if isinstance(output, torch.Tensor):
            output = self._decoded(output)
        if isinstance(output, Image.Image):
            return output
        if not _is_picture(output):
            is_array = isinstance(output, np.ndarray)
            form = f" {list(output.shape)} of {output.dtype}" if is_array else ""
            returned = f"{type(output).__name__}{form}"
            raise RenderError(f"the method returned {returned}; allowed: {ALLOWED}")
        if output.dtype == np.uint8:
            return Image.fromarray(output)
        return output.astype(np.float32)

    def _decoded(self, latents: Any) -> np.ndarray[Any, Any]:
        """Latents as the pipeline has them between steps, as an array [height, width, 3]."""
        self._watch.look(latents)
        size = (3, self.cell.params.height, self.cell.params.width)
        if tuple(latents.shape[-3:]) == size and decoder_of(self._pipeline) is not None:
            raise RenderError(
                f"the method returned a picture as a tensor {list(latents.shape)}; return it as an "
                "array [height, width, 3] of floats from 0 to 1, or by "
                'pipe.image_processor.postprocess(image, output_type="pil")[0]'
            )
        decoded = decode(self._pipeline, latents, self._aspect)
        if decoded is None:
            cls = type(self._pipeline).__name__
            raise RenderError(
                f"the method returned latents that dwlab cannot decode for a {cls}; "
                "return the picture instead"
            )
        return decoded

    def _picture_of(self, output: Any, seconds: float, device_seconds: float) -> Picture:
        picture = super()._picture_of(output, seconds, device_seconds)
        alone = self._computed_alone()
        if alone:
            picture.settings["method"] = alone
        return picture

    def _computed_alone(self) -> str:
        """What did not share forwards with other cells; empty if all did."""
        changed = [name for name, part in self._parts.items() if part.is_changed]
        passed = [name for name, part in self._parts.items() if part.has_gradients]
        reasons = []
        if changed:
            reasons.append(f"with a copy of {', '.join(changed)}, which it changes")
        if passed:
            reasons.append(f"with gradients through {', '.join(passed)}")
        return f"computed alone, {' and '.join(reasons)}" if reasons else ""


@contextlib.contextmanager
def _exits_told() -> Iterator[None]:
    """Code that would end the whole run, by `sys.exit` or the like, raises RenderError instead."""
    try:
        yield
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        text = f"the method raised {type(error).__name__}"
        text += f": {error}" if str(error) else ""
        raise RenderError(text).with_traceback(error.__traceback__) from None


def _single(output: Any) -> Any:
    """The picture in what a pipeline returns, in a list or in a batch of one; raises RenderError."""
    pictures = getattr(output, "images", output)
    is_batch = isinstance(pictures, list | tuple) or getattr(pictures, "ndim", 0) == 4
    if not is_batch:
        return pictures
    if len(pictures) != 1:
        raise RenderError(f"the method returned {len(pictures)} pictures; return a single one")
    return pictures if isinstance(pictures, torch.Tensor) else pictures[0]


def _ignore(answer: Any) -> None:
    """Nobody listens to this part."""


def _is_picture(output: Any) -> bool:
    """Whether what a method returned is an array [height, width, 3] of floats or bytes."""
    if not isinstance(output, np.ndarray) or output.ndim != 3 or output.shape[2] != 3:
        return False
    return output.size > 0 and (output.dtype == np.uint8 or output.dtype.kind == "f")


def _function(method: Method | None) -> Callable[[Any, MethodCell], Any]:
    """What makes the picture: a method, or the call of the pipeline."""
    if method is None:
        return _stock_picture
    function = object_of(method.name, method.code, method.file)
    return functools.partial(function, **method.values)


def _stock_picture(pipe: Any, cell: MethodCell) -> Any:
    return pipe(**cell.stock()).images[0]
