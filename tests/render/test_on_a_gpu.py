"""Packed on a GPU, nothing waits for it between forwards, and pictures are those of stock calls."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import packed_cases
import pytest
import torch

import dwlab
from dwlab.bench import timed_calls
from dwlab.models import loading
from dwlab.spec.params import GenerationParams

ROOT = Path(__file__).parents[2]
SCHEDULERS = (
    "DDIM", "EulerAncestralDiscrete", "DPMSolverMultistep", "DPMSolverSinglestep", "HeunDiscrete", "KDPM2Discrete",
    "KDPM2AncestralDiscrete", "LMSDiscrete", "DEISMultistep", "UniPCMultistep", "DDPM", "LCM", "SASolver", "TCD",
)  # fmt: skip
# Where a stock part itself waits: a text encoder for its mask, once for each new prompt; a pipeline for the lengths of
# its prompts, once for each picture; models that read masks or make positions in each forward.
STOCK_WAITS = re.compile(
    r"masking_utils|vision_utils|qwen2_5_vl|generic|import_utils|pipeline_(qwenimage|z_image|flux2_klein)"
    r"|transformer_(chroma|cogview4|lumina2|qwenimage|z_image)"
)
# reading what is not equal for all rows, once for each picture
BEGINNING = re.compile(r"memo\.py")
CASES = packed_cases.names()


def counted(*names):
    """What waited for a double of a GPU while cases were drawn, by a process of its own."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/waits_on_a_gpu.py"), *names],
        env={"PYTHONPATH": f"{ROOT}/tests:{ROOT}", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    for case in counts.values():
        assert len(case["difference"]) == case["pictures"], done.stderr
        assert max(case["difference"]) <= 1, done.stderr
    return counts


def waits(*names):
    return {name: case["waits"] for name, case in counted(*names).items()}


def test_nothing_waits_for_the_device_from_a_cells_first_line_to_its_picture():
    assert waits("sd", "flux@image") == {"sd": {}, "flux@image": {}}


@pytest.mark.slow
def test_it_is_so_with_each_scheduler():
    found = waits(*(f"sd:{name}Scheduler" for name in SCHEDULERS))
    assert len(found) == len(SCHEDULERS) and not any(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("group", CASES)
def test_all_that_is_packed_waits_where_stock_parts_do_and_nowhere_else(group):
    for name, found in waits(*CASES[group]).items():
        places = [place for place in found if not STOCK_WAITS.search(place)]
        assert all(BEGINNING.search(place) for place in places), (name, found)


def cells(number, **changes):
    settings = {"width": 64, "height": 64, "dtype": "float32", **changes}
    return [
        GenerationParams(
            "a red circle", seed=seed, steps=2 + seed % 3, guidance=1 + seed, **settings
        )
        for seed in range(number)
    ]


def made(recipes, **options):
    events = dwlab.stream(recipes, device="cuda", **options)
    pictures = {event.index: event.result for event in events if event.kind == "done"}
    return [pictures[index] for index in range(len(recipes))]


@pytest.mark.gpu
def test_packed_on_a_gpu_pictures_are_those_of_stock_calls():
    recipes = cells(8)
    model = loading.load("shapes", "cuda", "float32")
    for recipe, picture in zip(recipes, made(recipes, model=model), strict=True):
        (expected,) = timed_calls.stock(model, [recipe])
        assert np.abs(np.asarray(picture.image, int) - np.rint(255 * expected)).max() <= 1
        assert 0 < picture.device_seconds <= picture.seconds


@pytest.mark.gpu
@pytest.mark.parametrize("scheduler", ["DDIM", "Euler", "Euler a", "DPM++ 2M"])
def test_the_host_waits_for_a_gpu_no_more_often_for_more_steps(scheduler):
    model = loading.load("shapes", "cuda", "float32")

    def host_waits(steps):
        recipes = [cell.replace(steps=steps, scheduler=scheduler) for cell in cells(4)]
        made(recipes, model=model)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                made(recipes, model=model)
            finally:
                torch.cuda.set_sync_debug_mode("default")
        return sum("synchronizing" in str(warning.message) for warning in caught)

    assert host_waits(12) <= host_waits(4)


@pytest.mark.gpu
def test_another_gpu_than_the_first_computes_the_same():
    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    recipes = cells(4)
    first = made(recipes)
    events = dwlab.stream(recipes, device="cuda:1")
    for event in events:
        if event.kind == "done":
            distance = np.asarray(event.result.image, int) - np.asarray(
                first[event.index].image, int
            )
            assert np.abs(distance).max() <= 1
