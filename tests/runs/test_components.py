"""A sweep over VAEs: its table, and pictures made again from a row and from a PNG."""

from __future__ import annotations

import json
import shutil

import pytest
import tiny
import torch

import dwlab
from dwlab.analysis.axes import swept
from dwlab.errors import InvalidInput
from dwlab.models import fingerprint
from dwlab.pictures import recipes
from dwlab.runs.results import Results
from dwlab.runs.sweep import Sweep
from dwlab.views.report.python_recipe import recipe

SIZE = {"width": 16, "height": 16, "steps": 2}


@pytest.fixture
def table(tmp_path, monkeypatch):
    # hashes of files that changed a moment ago are not kept
    monkeypatch.setattr(fingerprint, "SETTLED", -1.0)
    pipeline = tiny.sd()
    pipeline.save_pretrained(tmp_path / "model")
    torch.manual_seed(1)
    for parameter in pipeline.vae.decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    pipeline.vae.save_pretrained(tmp_path / "soft")
    base = {"prompt": "a star", **SIZE}
    axes = {"vae": [None, str(tmp_path / "soft")]}
    Sweep("vaes", str(tmp_path / "model"), base, axes).run(tmp_path / "results", device="cpu")
    return Results(tmp_path / "results").table("vaes")


def test_rows_and_pngs_make_their_pictures_again(table, tmp_path):
    assert list(table["status"]) == ["ok"] * 2
    (axis,) = swept(table)
    assert (axis.name, list(axis.values)) == ("vae", ["the model's", "soft"])
    row = table.iloc[1]
    assert row["pixels"] != table.iloc[0]["pixels"]
    assert row["key"] != table.iloc[0]["key"]
    options = {"model": row["model"], **SIZE}
    assert dwlab.generate("a star", vae=json.loads(row["vae"]), **options).key == row["key"]
    assert eval(recipe(row.to_dict()), {"dwlab": dwlab}).key == row["key"]

    png = (tmp_path / "results" / row["image"]).read_bytes()
    assert str(tmp_path).encode() not in png
    params, left_out = recipes.read(png).fit(row["model"])
    assert not [each for each in left_out if each.startswith("vae")]
    assert params.vae.model == ""
    assert dwlab.generate("a star", vae=params.vae, **options).key == row["key"]


def test_a_plan_knows_how_long_pictures_with_a_vae_take(table, tmp_path):
    axes = {"vae": [None, str(tmp_path / "soft")], "seed": [0, 1]}
    sweep = Sweep("vaes", str(tmp_path / "model"), {"prompt": "a star", **SIZE}, axes)
    plan = sweep.plan(tmp_path / "results", device="cpu")
    assert (plan.done, plan.todo, plan.basis) == (2, 2, "from pictures timed here")
    # what is said of the model is said once
    assert len(plan.hints) == len(set(plan.hints))


def test_a_row_whose_vae_is_another_now_is_not_made_again(table, tmp_path):
    vae = json.loads(table.iloc[1]["vae"])
    shutil.rmtree(tmp_path / "soft")
    tiny.vae().save_pretrained(tmp_path / "soft")
    with pytest.raises(InvalidInput, match="these are others"):
        dwlab.generate("a star", model=table["model"][0], vae=vae, **SIZE)
    with pytest.raises(InvalidInput, match="has read on this machine"):
        dwlab.generate("a star", model=table["model"][0], vae={"weights": vae["weights"]}, **SIZE)


def test_beside_a_variant_of_the_model_the_vae_is_the_one_that_the_recipe_names(tmp_path):
    pipeline = tiny.sd()
    pipeline.save_pretrained(tmp_path / "model")
    pipeline.vae.save_pretrained(tmp_path / "precise")
    # the variant stores other numbers, as half precision does
    for parameter in pipeline.vae.decoder.parameters():
        parameter.data.mul_(0.9)
    pipeline.save_pretrained(tmp_path / "model", variant="fp16")
    options = {"model": str(tmp_path / "model"), "device": "cpu", **SIZE}
    own = dwlab.generate("a star", variant="fp16", **options)
    plain = dwlab.generate("a star", **options)
    other = dwlab.generate("a star", variant="fp16", vae=str(tmp_path / "precise"), **options)
    assert len({own.key, plain.key, other.key}) == 3
    assert other.image.tobytes() == plain.image.tobytes() != own.image.tobytes()


def test_a_png_names_no_folder_of_a_stranger():
    recipe = recipes._own(
        json.dumps({"params": {"prompt": "a", "vae": "/etc", "components": {"unet": "/x"}}})
    )
    assert recipe.values == {"prompt": "a"}
