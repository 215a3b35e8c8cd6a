"""Steps, guidance and scheduler of hub models outside the catalog come from their own files, once these are here."""

from __future__ import annotations

import json

import pytest
import tiny
import tiny_refiner
from lookalike_hub import COMMIT, REPO
from typer.testing import CliRunner
from widgets.explore.bench_use import wait

import dwlab
from dwlab.cli.app import app
from dwlab.errors import InvalidInput
from dwlab.models.identity import fitted_size, identify, usual_recipe
from dwlab.pictures.png import read_recipe
from dwlab.runs.sweep import Sweep
from dwlab.spec.params import GenerationParams

BASE = {"prompt": "a red circle", "width": 64, "height": 64}


def sweep(**base):
    return Sweep("late", model=REPO, base=BASE | base, axes={"seed": [0]})


def as_class(hub, name, **entries):
    """Make the repository one of another class, by its index."""
    files = hub.repositories[REPO]
    index = json.loads(files["model_index.json"]) | {"_class_name": name, **entries}
    files["model_index.json"] = json.dumps(index).encode()


def test_before_the_download_nothing_is_made_up_and_the_plan_says_so(hub, tmp_path):
    params = GenerationParams("a star", model=REPO)
    assert (params.steps, params.guidance, params.scheduler) == (None, None, None)
    plan = sweep().plan(tmp_path)
    assert plan.defaults == (
        f"{REPO}: its model_index.json decides about steps, guidance and scheduler, once it is here",
    )
    assert "defaults" in str(plan)
    assert hub.requests == []


def test_the_files_decide_once_they_are_here(hub, tmp_path):
    as_class(hub, "LatentConsistencyModelPipeline")
    identify(REPO)
    plan = sweep().plan(tmp_path)
    expected = f"{REPO}: 4 steps, guidance 8.5, 128x128, DDIMScheduler unless the recipe says"
    assert plan.defaults[0].startswith(expected)
    assert sweep(steps=3, guidance=2).plan(tmp_path).defaults == ()
    usual = usual_recipe(REPO)
    assert (usual.steps, usual.guidance) == (4, 8.5)


def test_a_picture_and_its_row_say_what_the_files_decided(hub, tmp_path):
    table = sweep().run(tmp_path, device="cpu")
    assert (table["steps"][0], table["guidance"][0]) == (50, 7.5)
    recipe = read_recipe(tmp_path / table["image"][0])
    assert (recipe["params"]["steps"], recipe["params"]["guidance"]) == (50, 7.5)
    plan = sweep().plan(tmp_path, device="cpu")
    assert (plan.done, plan.todo) == (1, 0)
    # whoever writes them down means the same picture
    assert sweep(steps=50, guidance=7.5).plan(tmp_path, device="cpu").done == 1


def test_the_key_of_a_recipe_that_says_all_is_the_one_it_was(hub):
    said = {"steps": 25, "guidance": 7.5, "scheduler": "DDIM", "seed": 3}
    params = GenerationParams("a star", model=REPO, width=64, height=64, **said)
    expected = "5b1e16ce9548a3da"
    picture = dwlab.generate(params.prompt, model=REPO, width=64, height=64, device="cpu", **said)
    assert picture.weights == COMMIT
    assert picture.key == params.key(COMMIT, "float32")
    assert picture.key[:16] == expected


@pytest.mark.parametrize("name", ["black-forest-labs/FLUX.1-schnell", "stabilityai/sdxl-turbo"])
def test_a_repository_of_the_catalog_has_its_defaults_by_any_name(name):
    known = {"black-forest-labs/FLUX.1-schnell": (4, 0.0), "stabilityai/sdxl-turbo": (1, 0.0)}
    for model in (name, f"{name}@main"):
        params = GenerationParams("a star", model=model)
        assert (params.steps, params.guidance) == known[name]


def test_axes_without_effect_are_told_with_the_guidance_of_the_files(hub, tmp_path):
    identify(REPO)
    values = {"guidance": [None, 0.5, 1.0], "negative_prompt": ["", "red"]}
    plan = Sweep("late", model=REPO, base=BASE | {"steps": 1}, axes=values).plan(tmp_path)
    assert [text for text in plan.warnings if text.startswith("guidance 0.5, 1:")]


def test_the_dry_run_shows_it(hub, tmp_path):
    file = tmp_path / "late.yaml"
    file.write_text(f"name: late\nmodel: {REPO}\nbase: {{prompt: a star}}\naxes: {{seed: [0]}}\n")
    printed = CliRunner().invoke(app, ["sweep", str(file), "--dry-run", "--results", str(tmp_path)])
    assert printed.exit_code == 0, printed.output
    assert "its model_index.json decides about steps" in " ".join(printed.output.split())


def test_a_side_that_the_files_do_not_allow_is_refused_before_the_model_loads(hub, tmp_path):
    as_class(hub, "ZImagePipeline")
    sized = Sweep("sides", model=REPO, base={"prompt": "a star", "width": 1032}, axes={"seed": [0]})
    assert sized.plan(tmp_path).todo == 1  # nothing is known of it yet
    identify(REPO)
    with pytest.raises(InvalidInput, match=r"a multiple of 16 .* like 1024 or 1040"):
        sized.plan(tmp_path)


def test_the_size_of_a_start_picture_is_fitted_to_the_model(hub):
    assert fitted_size((1000, 500), 1024 * 1024, multiple=32) == (992, 480)
    assert fitted_size((10, 10), 1024 * 1024, multiple=32) == (32, 32)


def test_the_prompt_bench_makes_a_picture_of_a_model_that_is_not_here_yet(hub, tmp_path):
    bench = dwlab.explore(REPO, results=tmp_path, device="cpu")
    try:
        fields = {"prompt": "a star", "steps": 2, "width": 64, "height": 64}
        bench.controls = {**bench.controls, **fields}
        assert bench.problems == {}
        bench.run()
        wait(bench)
        assert [tile["state"] for tile in bench.stage] == ["done"], bench.status
        assert bench.history["guidance"][0] == 7.5
    finally:
        bench.close()


def test_a_refiner_shares_the_steps_that_the_files_of_a_model_say(hub, tmp_path):
    tiny.sdxl().save_pretrained(tmp_path / "base")
    tiny_refiner.pipeline().save_pretrained(tmp_path / "refiner")
    hub.add("ann/sdxl", tmp_path / "base")
    base = BASE | {"width": 16, "height": 16, "refiner": str(tmp_path / "refiner")}
    late = Sweep("late", model="ann/sdxl", base=base, axes={"seed": [0]})
    assert late.run(tmp_path, device="cpu")["status"].tolist() == ["ok"]
    assert late.plan(tmp_path, device="cpu").todo == 0
