"""The plan's number of shared rows is what the engine leaves out."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest
from counting import Rows

import dwlab
from dwlab.models import loading
from dwlab.models.settings import Settings
from dwlab.render.packing import stand_ins
from dwlab.render.packing.memo import Answers
from dwlab.runs.plan_sharing import never_packed, shared_rows
from dwlab.runs.resolve import identify_all, resolve
from dwlab.runs.sweep import Sweep
from dwlab.spec.compute import Compute
from dwlab.spec.params import GenerationParams
from dwlab.spec.rows import rows_of

BASE = {"prompt": "a red circle", "model": "shapes", "width": 64, "height": 64}
GRIDS = {
    "guidance varies fastest": {"seed": [0, 1, 2], "steps": [2], "guidance": [2, 3, 5]},
    "guidance varies slowest": {"guidance": [2, 3, 5], "steps": [2], "seed": [0, 1, 2]},
    "with and without guidance": {"guidance": [1, 2, 3], "steps": [2]},
    "schedulers": {"scheduler": ["DDIM", "Heun"], "guidance": [2, 3], "steps": [3]},
    "negative prompts": {"negative_prompt": ["", "blue"], "guidance": [2, 3], "steps": [2]},
    "guidance at first": {"accelerate": [{"guidance_interval": [0, 0.5]}], "guidance": [2, 3], "steps": [4]},
    "guidance at last": {"accelerate": [{"guidance_interval": [0.5, 1]}], "guidance": [2, 3], "steps": [4]},
    "guidance until a step": {"accelerate": [{}, {"guidance_interval": [0, 0.5]}, {"guidance_interval": [0, 0.8]}], "guidance": [2, 3], "steps": [4]},
    "guidance every n-th step": {"accelerate": [{}, {"guidance_every": 2}, {"guidance_interval": [0.3, 1]}], "steps": [4]},
    "one guidance": {"guidance": [2], "seed": [0, 1], "steps": [2]},
}  # fmt: skip


def cells_of(axes):
    spec = Sweep("sharing", base=BASE, axes=axes)
    params = [cell.params for cell in spec.cells()]
    return resolve(params, identify_all(params, Compute()))


@pytest.mark.parametrize("axes", GRIDS.values(), ids=GRIDS.keys())
@pytest.mark.parametrize("compute", [Compute(), Compute(pack=2)], ids=["whole", "two at a time"])
def test_it_is_what_the_engine_leaves_out(axes, compute):
    cells = cells_of(axes)
    model = loading.load("shapes", "cpu", "float32")
    calls = sum(rows_of(cell.params) for cell in cells)
    with Rows(model.pipeline.unet) as rows:
        list(dwlab.stream([cell.params for cell in cells], model=model, pack=compute.pack))
    assert sum(rows) == calls - shared_rows(cells, compute)


@pytest.mark.parametrize("name", ["guidance varies slowest", "guidance until a step"])
def test_it_is_so_if_few_answers_are_kept(name, monkeypatch):
    monkeypatch.setattr(stand_ins, "Answers", functools.partial(Answers, 0))
    test_it_is_what_the_engine_leaves_out(GRIDS[name], Compute(pack=2))


def test_one_picture_after_the_other_shares_nothing():
    cells = cells_of({"guidance": [2, 3]})
    assert shared_rows(cells, Compute(pack=1)) == 0


@pytest.mark.parametrize(
    "changes",
    [{"pack": 1}, {"device": "mps"}, {"device": "cuda", "settings": Settings(offload="model")}],
    ids=["profile", "device", "offload"],
)
def test_models_that_draw_one_picture_after_the_other_share_nothing(changes):
    cells = [
        replace(cell, identity=replace(cell.identity, **changes))
        for cell in cells_of({"guidance": [2, 3]})
    ]
    assert shared_rows(cells, Compute()) == 0


@pytest.mark.parametrize(
    ("device", "settings", "reason"),
    [
        ("mps", Settings(), "it was never tried on mps"),
        ("cuda", Settings(offload="group"), "parts of it are offloaded while it runs"),
        ("cuda", Settings(quantisation="bitsandbytes-4bit"), "bitsandbytes-4bit was never tried"),
        ("cuda", Settings(quantisation="float8-layers"), None),
    ],
)
def test_a_plan_says_what_keeps_pictures_from_sharing(device, settings, reason):
    identities = identify_all([GenerationParams("a star")], Compute(device="cpu"))
    (choice,) = identities
    identities[choice] = replace(identities[choice], device=device, settings=settings)
    warnings = never_packed(identities, Compute())
    if reason is None:
        assert warnings == []
    else:
        (warning,) = warnings
        assert warning.startswith(f"shapes: one picture at a time, because {reason}")
        assert "no picture can be made in exact mode" in never_packed(identities, Compute(exact=8))[0]  # fmt: skip


def test_a_pack_that_is_asked_for_counts_before_that_of_a_profile():
    cells = [
        replace(cell, identity=replace(cell.identity, pack=1))
        for cell in cells_of({"guidance": [2, 3]})
    ]
    assert shared_rows(cells, Compute(pack=2)) == 2


def test_a_plan_says_so_where_anything_is_shared(tmp_path):
    def text(**axes):
        return str(Sweep("sharing", base=BASE, axes=axes).plan(tmp_path))

    shown = text(seed=[0, 1], steps=[20], guidance=[2, 3, 5, 6, 7])
    assert "at least 16 of 400 denoiser rows" in shown
    assert "denoiser rows" not in text(seed=[0, 1], steps=[20], guidance=[2])
