"""The call of a stock pipeline that makes the picture of one cell."""

from __future__ import annotations

import copy
import functools
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from ..events import Started, Step
from ..models import device as devices
from ..models import loading, memory, prompts, tokens
from ..pictures.picture import Picture
from . import preview
from .call import attention_kept, dtype_kept, step_callback, stock_arguments, to_image
from .input_arguments import input_arguments
from .not_finite import Watch
from .packing.cell import timed
from .seeded_encoder import seed_encoder

if TYPE_CHECKING:
    from .one_cell import Rendering
    from .resolved_cell import ResolvedCell


class StockCall:
    """One call, which tells of its steps and can be stopped at each of them."""

    def __init__(self, rendering: Rendering, cell: ResolvedCell) -> None:
        self._rendering = rendering
        self.cell = cell
        scheduler = loading.scheduler_for(rendering.model, cell.params)
        self._pipeline = _own_pipeline(rendering.model.pipeline, scheduler)
        seed_encoder(self._pipeline, cell.params.seed)
        self._watch = Watch(self._pipeline)
        self._ended: float | None = None

    def picture(self) -> Picture:
        """Make the picture; raises Cancelled, Dropped, and whatever the pipeline raises."""
        import torch

        params = self.cell.params
        device = self._rendering.model.identity.device
        self._rendering.channel.send(Started(self.cell.position, params))
        memory.begin_size(device, (params.width, params.height))
        with torch.inference_mode():
            arguments = self._arguments()
        began = time.perf_counter()
        with (
            torch.inference_mode(),
            timed(self._pipeline) as clock,
            dtype_kept(self._pipeline),
            attention_kept(self._pipeline),
        ):
            output = self._pipeline(**arguments).images[0]
        ended = self._ended or time.perf_counter()
        seconds = ended - (clock.begun or began)
        if isinstance(output, np.ndarray):
            self._watch.look(torch.from_numpy(output))
        return self._picture_of(output, seconds, min(clock.seconds, seconds) or seconds)

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
        """Called by the pipeline after step `step` of `steps`, counted from 0."""
        channel = self._rendering.channel
        channel.check(self.cell.position)
        if step + 1 == steps:
            devices.synchronize(self._rendering.model.identity.device)
            self._ended = time.perf_counter()
            self._watch.look(latents[0])
        params = self.cell.params
        aspect = (params.width or 1) / (params.height or 1)
        model = self._rendering.whole or self._rendering.model
        rough = functools.partial(preview.project, latents[0], model, aspect)
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
            load_seconds=self._rendering.model.seconds,
        )


def _own_pipeline(pipeline: Any, scheduler: Any) -> Any:
    """A copy of a pipeline for one cell, with its scheduler; the parts are shared.

    Pipelines keep a call's settings on themselves. A prior and a decoder in one pipeline have
    pipelines of their own, which take the scheduler when they are made.
    """
    if hasattr(pipeline, "decoder_pipe"):
        own = type(pipeline)(**pipeline.components | {"scheduler": scheduler})
        own.set_progress_bar_config(disable=True)
        return own
    own = copy.copy(pipeline)
    own.scheduler = scheduler
    return own
