"""What a row of `shapes` costs in forwards of several sizes: `python -m dwlab.bench.row_cost`.

The processor time of the denoiser per row, on one thread, so that other programs count little; the
fastest of several forwards.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import torch

from .._util.text_table import text_table
from ..models import loading
from ..models.identity import identify
from ..models.settings import Settings, denoiser_of

if TYPE_CHECKING:
    from collections.abc import Sequence

WAYS = {
    "float32, torch": ("float32", Settings(threads=1)),
    "float32, OpenVINO": ("float32", Settings(threads=1, backend="openvino")),
    "bfloat16, torch, channels last": ("bfloat16", Settings(threads=1, channels_last=True)),
    "bfloat16, OpenVINO": ("bfloat16", Settings(threads=1, backend="openvino")),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, in milliseconds per row."""
    parser = argparse.ArgumentParser(prog="python -m dwlab.bench.row_cost", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 2, 8, 16, 64])
    parser.add_argument("--forwards", type=int, default=6)
    arguments = parser.parse_args(argv)
    table = [[str(rows)] for rows in arguments.rows]
    for dtype, settings in WAYS.values():
        identity = identify("shapes", "cpu", dtype, settings=settings)
        model = loading.load_identified(identity)
        for line, rows in zip(table, arguments.rows, strict=True):
            seconds = seconds_per_row(model, rows, arguments.forwards)
            line.append(f"{1000 * seconds:.1f}")
    print(text_table(table, ("rows", *WAYS), numbers=range(1 + len(WAYS))))


def seconds_per_row(model: loading.Model, rows: int, forwards: int) -> float:
    """Processor seconds per row of the fastest of some forwards of the denoiser."""
    denoiser = denoiser_of(model.pipeline)
    config = denoiser.config
    generator = torch.Generator().manual_seed(0)
    shape = (rows, config.in_channels, config.sample_size, config.sample_size)
    sample = torch.randn(shape, generator=generator).to(denoiser.dtype)
    tokens = model.pipeline.tokenizer.model_max_length
    prompt = torch.randn((rows, tokens, config.cross_attention_dim), generator=generator)
    prompt = prompt.to(denoiser.dtype)
    timesteps = torch.full((rows,), 500.0)
    fastest = float("inf")
    with torch.inference_mode():
        # the first call converts and compiles
        denoiser(sample, timesteps, prompt)
        for _ in range(forwards):
            began = time.process_time()
            denoiser(sample, timesteps, prompt)
            fastest = min(fastest, time.process_time() - began)
    return fastest / rows


if __name__ == "__main__":
    main()
