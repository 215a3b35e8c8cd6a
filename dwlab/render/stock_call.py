"""The call of a stock pipeline that makes the picture of one cell."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from ..events import Started, Step
from ..models import device as devices
from ..models import loading, memory, prompts, tokens
from ..models.device_clock import DeviceClock
from ..models.versions import further_versions
from ..models.watched_steps import LastStep, watched
from ..pictures.picture import Picture
from . import preview
from .call import attention_kept, dtype_kept, step_callback, stock_arguments, to_image
from .input_arguments import input_arguments
from .not_finite import Watch
from .own_pipeline import own_pipeline
from .packing.cell import begins, has_begun, heard, timed
from .packing.timesteps import with_timesteps_on_cpu
from .second_stage import SecondStage

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ..models.device_clock import Mark
    from ..models.loading import Model
    from ..models.predictions import Prediction
    from .one_cell import Rendering
    from .resolved_cell import ResolvedCell


class StockCall:
    """One call, which tells of its steps and can be stopped at each of them."""

    def __init__(self, rendering: Rendering, cell: ResolvedCell) -> None:
        from .seeded_encoder import seed_encoder
        from .step_traces import StepTraces

        self._rendering = rendering
        self.cell = cell
        self._pipeline = own_pipeline(rendering.model.pipeline, self._scheduler(rendering.model))
        seed_encoder(self._pipeline, cell.params.seed)
        second = rendering.second
        self._second = None
        if second is not None:
            self._second = SecondStage(second.pipeline, self._scheduler(second), cell.params)
        # that of the last stage decodes the picture
        self._last = self._second.pipeline if self._second else self._pipeline
        self._watch = Watch(self._last)
        self._last_step = LastStep()
        self._steps_before = 0
        whole = rendering.whole or rendering.model
        self._traces = StepTraces(rendering.probes, whole, self._aspect)
        self._clock = DeviceClock(rendering.model.identity.device)
        self._ended: Mark | None = None

    def _scheduler(self, model: Model) -> Any:
        """The cell's own scheduler for one of its models."""
        scheduler = loading.scheduler_for(model, self.cell.params)
        if self._rendering.whole is None:
            return scheduler
        # the model waits for company, and takes timesteps from wherever they are
        return with_timesteps_on_cpu(scheduler)

    @property
    def _aspect(self) -> float:
        """The picture's width divided by its height."""
        return (self.cell.params.width or 1) / (self.cell.params.height or 1)

    def picture(self) -> Picture:
        """Make the picture; raises Cancelled, Dropped, and whatever the pipeline raises."""
        import torch

        params = self.cell.params
        device = self._rendering.model.identity.device
        self._rendering.channel.send(Started(self.cell.position, params))
        memory.begin_size(device, (params.width, params.height))
        with torch.inference_mode():
            arguments = self._arguments()
        begins(self._alike())
        began = self._clock.mark()
        with (
            torch.inference_mode(),
            timed(self._rendering.model.pipeline, self._clock) as clock,
            dtype_kept(self._last),
            attention_kept(self._pipeline),
        ):
            output = self._made(arguments)
        ended = self._ended or self._clock.mark()
        seconds = self._clock.seconds(clock.begun or began, ended)
        if isinstance(output, np.ndarray):
            self._watch.look(torch.from_numpy(output))
        return self._picture_of(output, seconds, min(clock.seconds, seconds) or seconds)

    def _alike(self) -> str | None:
        """What is the same for cells whose models are asked the same before the first step."""
        if self.cell.params.code:
            return None
        values = self.cell.params.as_dict()
        # without guidance other questions are asked
        if self.cell.params.guided:
            values.pop("guidance")
        return repr(values)

    def _made(self, arguments: dict[str, Any]) -> Any:
        """What the call makes, or the second of two: [height, width, 3], or a picture of Pillow."""
        if self._second is None:
            return self._call(self._pipeline, arguments)[0]
        latents = self._call(self._pipeline, arguments | self._second.first_arguments())
        self._steps_before = self._pipeline.num_timesteps
        further = self._second.arguments(arguments, latents)
        further |= step_callback(self._last, self.cell.params.steps, self._on_step)
        return self._call(self._last, further)[0]

    def _call(self, pipeline: Any, arguments: dict[str, Any]) -> Any:
        """The pictures of a call, or its latents, while its steps are watched for previews."""
        with (
            watched(pipeline.scheduler, self._on_scheduler_step) as last_step,
            heard(pipeline, last_step.hear),
            self._accelerated(pipeline, last_step),
        ):
            self._last_step = last_step
            return pipeline(**arguments).images

    def _on_scheduler_step(self, prediction: Prediction) -> None:
        has_begun()
        if self._rendering.probes:
            self._traces.see(prediction)

    def _accelerated(self, pipeline: Any, last_step: LastStep) -> AbstractContextManager[None]:
        """While it holds, the pipeline draws with the cell's accelerators."""
        if not self.cell.params.accelerate:
            return contextlib.nullcontext()
        # it imports torch, which takes seconds
        from .accelerators.table import accelerated

        return accelerated(pipeline, self.cell.params, last_step)

    def _arguments(self) -> dict[str, Any]:
        """The arguments of the call; prompts that are more than plain text are encoded here."""
        params = self.cell.params
        arguments = stock_arguments(self._pipeline, [params])
        arguments |= input_arguments(self._pipeline, self.cell)
        arguments |= step_callback(self._pipeline, params.steps, self._on_step)
        embeddings = prompts.embeddings(self._pipeline, params)
        if not embeddings:
            return arguments
        kept = {name: value for name, value in arguments.items() if name not in prompts.REPLACED}
        return {**kept, **embeddings}

    def _on_step(self, step: int, steps: int, latents: Any) -> None:
        """Called by a pipeline after step `step` of its `steps`, counted from 0."""
        # a pipeline may make steps without its scheduler
        has_begun()
        channel = self._rendering.channel
        channel.check(self.cell.position)
        if self._second and not self._steps_before:
            steps += self._second.steps_left(self._pipeline.scheduler)
        else:
            step += self._steps_before
            steps += self._steps_before
        if step + 1 == steps:
            self._ended = self._clock.mark()
            self._watch.look(latents[0])
        params = self.cell.params
        model = self._rendering.whole or self._rendering.model
        prediction = self._last_step.prediction
        rough = functools.partial(preview.forming, prediction, latents[0], model, self._aspect)
        channel.send(Step(self.cell.position, params, step + 1, steps, rough))

    def _picture_of(self, output: Any, seconds: float, device_seconds: float) -> Picture:
        identity = self.cell.identity
        return Picture(
            params=self.cell.params,
            image=to_image(self._pipeline, output),
            key=self.cell.key,
            weights=identity.weights,
            device=identity.device,
            dtype=identity.dtype,
            seconds=seconds,
            device_seconds=device_seconds,
            nan=self._watch.share,
            exact=self._rendering.exact,
            tensors={file.sha256: file.tensors for file in self.cell.adapters.files.loras},
            cut="; ".join(str(cut) for cut in tokens.cuts(self.cell.params, identity)),
            settings=identity.settings.changed(),
            load_seconds=self._rendering.load_seconds,
            machine=devices.machine(identity.device)
            | further_versions(identity.settings, self.cell.params),
            traces=self._traces.traces(),
            film=self._traces.film(),
        )
