"""Packed on a GPU, nothing waits for it between forwards, and pictures are those of stock calls."""

from __future__ import annotations

import json
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
from dwlab.spec import control_kinds, families, tasks
from dwlab.spec.params import GenerationParams

ROOT = Path(__file__).parents[2]
SCHEDULERS = (
    "DDIM", "EulerAncestralDiscrete", "DPMSolverMultistep", "DPMSolverSinglestep", "HeunDiscrete", "KDPM2Discrete",
    "KDPM2AncestralDiscrete", "LMSDiscrete", "DEISMultistep", "UniPCMultistep", "DDPM", "LCM", "SASolver", "TCD",
)  # fmt: skip
# what reads masks or lengths, or makes positions, in a text encoder, a pipeline or a denoiser
READING = (
    "auraflow", "chroma", "cogview4", "klein@inpainting", "hunyuandit", "lumina2", "qwen_image", "sana", "z_image@image",
    "control qwen@text", "edit kontext", "recipe long", "two_stages",
)  # fmt: skip


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


@pytest.fixture(scope="module")
def all_counts():
    """What waited in all cases, and which pipelines drew them."""
    counts = {}
    for names in packed_cases.names().values():
        counts |= counted(*names)
    return counts


@pytest.mark.slow
@pytest.mark.timeout(1800)  # the first of them draws all cases
def test_it_is_so_with_all_that_is_packed(all_counts):
    found = {name: case["waits"] for name, case in all_counts.items()}
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_these_are_all_pipelines_that_are_packed(all_counts):
    of_task = {
        tasks.TEXT: lambda family: family.pipeline,
        tasks.IMAGE: lambda family: family.image_to_image,
        tasks.INPAINTING: lambda family: family.inpainting,
    }
    packed = {of_task[task](one) for one in families.FAMILIES if one.packed for task in one.tested}
    packed |= {name for kind in control_kinds.KINDS for name in kind.pipelines.values()}
    drawn = {name for case in all_counts.values() for name in case["packed"]}
    assert drawn == packed - control_kinds.NEVER_PACKED


@pytest.mark.slow
def test_what_is_known_beforehand_changes_no_byte():
    for name, case in counted("--exact", *READING).items():
        assert set(case["difference"]) == {0}, name


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
