"""The calls that a benchmark times: the stock pipeline's own, as the renderer makes them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from ..models import loading
from ..render.call import stock_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ..models.loading import Model
    from ..spec.params import GenerationParams
    from .configuration import Configuration

# Between the seeds of one call and the next, so that no two calls share a picture.
SEED_STEP = 1000


def call(model: Model, configuration: Configuration, k: int, **arguments: Any) -> np.ndarray:
    """Make the k-th batch of pictures: [batch, height, width, 3], 0..1.

    Scheduler and generators are made anew. The starting latents are drawn on the CPU from the seed
    of each picture, so they are the same on every device. arguments: more of the pipeline's call.
    """
    first_seed = configuration.params.seed + k * SEED_STEP
    seeds = range(first_seed, first_seed + configuration.batch)
    cells = [configuration.params.replace(seed=seed) for seed in seeds]
    return stock(model, cells, **arguments)


def stock(model: Model, cells: Sequence[GenerationParams], **arguments: Any) -> np.ndarray:
    """Make one stock call for cells that differ in prompt and seed only.

    Returns pictures: [cells, height, width, 3], 0..1.
    """
    pipeline = copy.copy(model.pipeline)
    pipeline.scheduler = loading.scheduler_for(model, cells[0])
    with torch.inference_mode():
        return pipeline(**stock_arguments(pipeline, cells), **arguments).images
