"""Pictures that dwlab makes beside those of plain stock calls, for tests of drawing."""

from __future__ import annotations

import copy

import torch
from counting import Rows
from start_pictures import difference

import dwlab
from dwlab.models.settings import denoiser_of


def fresh(pipeline):
    """A copy of a pipeline for one call, with a scheduler that knows of no other call."""
    pipeline = copy.copy(pipeline)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
    return pipeline


def made(cells, **options):
    """The pictures of cells, in their order; all must come out."""
    events = list(dwlab.stream(cells, **options))
    assert [event.error for event in events if event.kind == "failed"] == []
    pictures = {event.index: event.result for event in events if event.kind == "done"}
    return [pictures[k] for k in range(len(cells))]


def stock_picture(pipeline, params):
    """What a user gets who calls a pipeline with the values of a recipe for a text alone."""
    return pipeline(
        prompt=params.prompt,
        num_inference_steps=params.steps,
        guidance_scale=params.guidance,
        width=params.width,
        height=params.height,
        generator=torch.Generator().manual_seed(params.seed),
        **params.call,
    ).images[0]


class Drawn:
    """A loaded model, `model`, whose pictures are compared with those of `stock(params)`."""

    def made(self, cells, **options):
        return made(cells, model=self.model, **options)

    def check_alone(self, cells, expected):
        """Each picture, made alone, is that of the plain stock call."""
        check_equal(self.made(cells, pack=1), expected)

    def check_packed(self, cells, expected, rows_at_once):
        """So it is with others in one forward, which has more rows than a picture alone."""
        with Rows(denoiser_of(self.model.pipeline)) as rows:
            pictures = self.made(cells)
        assert max(rows) > rows_at_once
        check_equal(pictures, expected)


def check_equal(pictures, expected):
    """Each picture is within 1 of 255 of another one."""
    differences = [
        difference(picture.image, stock) for picture, stock in zip(pictures, expected, strict=True)
    ]
    assert max(differences) <= 1, differences
