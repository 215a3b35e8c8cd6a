"""Pictures come out as the stock pipeline makes them, one failing cell harms no other, cancel stops soon."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from diffusers import (
    EulerAncestralDiscreteScheduler,
    HeunDiscreteScheduler,
    StableDiffusionPipeline,
)
from lookalike_hub import Hub, connect
from start_pictures import difference

import dwlab
from dwlab.errors import InvalidInput, ModelError, NotDownloaded
from dwlab.models import loading, tokens
from dwlab.models.identity import identify
from dwlab.pictures.png import read_recipe
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.params import GenerationParams

SMALL = {"width": 64, "height": 64, "steps": 3}


@pytest.fixture(scope="module")
def stock():
    pipeline = StableDiffusionPipeline.from_pretrained(SHAPES_FOLDER, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def cells(**changes):
    return [
        GenerationParams(prompt, seed=seed, guidance=guidance, **{**SMALL, **changes})
        for prompt in ("a red circle", "a blue square on a white background")
        for seed in (0, 7)
        for guidance in (1.0, 5.0)
    ]


def pictures(params, **options):
    done = {e.index: e.result for e in dwlab.stream(params, **options) if e.kind == "done"}
    return [done[k] for k in range(len(params))]


@pytest.mark.parametrize("pack", [None, 1, 3])
def test_a_cell_equals_the_lone_stock_call(stock, pack):
    for picture in pictures(cells(negative_prompt="green"), pack=pack):
        params = picture.params
        expected = stock(
            params.prompt, negative_prompt=params.negative_prompt, num_inference_steps=params.steps,
            guidance_scale=params.guidance, width=64, height=64, generator=torch.Generator().manual_seed(params.seed),
        ).images[0]  # fmt: skip
        assert difference(picture.image, expected) <= 1


@pytest.mark.parametrize(
    ("name", "cls", "options"),
    [
        ("Euler a", EulerAncestralDiscreteScheduler, {}),
        ("Heun", HeunDiscreteScheduler, {}),
    ],
)
def test_other_schedulers_equal_stock_too(stock, name, cls, options):
    shipped = stock.scheduler
    try:
        for picture in pictures(cells(scheduler=name)):
            params = picture.params
            stock.scheduler = cls.from_config(shipped.config, **options)
            expected = stock(
                params.prompt, num_inference_steps=params.steps, guidance_scale=params.guidance, width=64, height=64,
                generator=torch.Generator().manual_seed(params.seed),
            ).images[0]  # fmt: skip
            assert difference(picture.image, expected) <= 1
    finally:
        stock.scheduler = shipped


def test_alone_the_same_cell_gives_the_same_bytes():
    first, second = (pictures(cells(), pack=1) for _ in range(2))
    assert [p.png() for p in first] == [p.png() for p in second]


def test_seeds_prompts_and_guidance_make_different_pictures():
    assert len({p.image.tobytes() for p in pictures(cells())}) == 8


def test_events_tell_the_whole_story_of_each_cell():
    params = cells()[:2]
    events = list(dwlab.stream(params))
    for index in range(2):
        mine = [e for e in events if e.index == index and e.kind != "loaded"]
        assert [e.kind for e in mine] == ["started", "step", "step", "step", "done"]
        assert [e.step for e in mine[1:4]] == [1, 2, 3]
        assert mine[1].steps == 3
    picture = events[-1].result
    assert picture.seconds > 0
    assert picture.device_seconds <= picture.seconds
    assert picture.nan == 0


def test_one_failing_cell_is_reported_and_the_rest_go_on():
    good = cells()[:2]
    bad = good[0].replace(
        call={"timesteps": [3, 2, 1]}
    )  # this scheduler takes no timesteps of one's own
    events = list(dwlab.stream([good[0], bad, good[1]]))
    assert {e.index for e in events if e.kind == "done"} == {0, 2}
    (failed,) = [e for e in events if e.kind == "failed"]
    assert failed.index == 1
    assert failed.status == "failed"
    assert failed.error


def test_cancel_stops_within_a_step_and_keeps_what_is_done(in_step):
    cancel = threading.Event()
    events = []
    for event in dwlab.stream(cells(steps=30)[:3], pack=1, cancel=cancel):
        events.append(event)
        if event.kind == "step" and event.index == 2 and event.step == 3:
            cancel.set()
    assert [e.index for e in events if e.kind == "done"] == [0, 1]
    assert max(e.step for e in events if e.kind == "step" and e.index == 2) < 30


def test_closing_the_iterator_ends_its_thread():
    events = dwlab.stream(cells(steps=1000), pack=1)
    next(e for e in events if e.kind == "step")
    events.close()
    assert not [t for t in threading.enumerate() if t.name == "dwlab-render"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"call": {"nosuch": 1}}, "call.nosuch"),
        ({"scheduler": "NoSuchScheduler"}, "scheduler"),
        ({"scheduler": "UNet2DConditionModelScheduler"}, "scheduler"),
        ({"scheduler_options": {"nosuch": 1}}, "scheduler_options.nosuch"),
    ],
)
def test_bad_arguments_are_refused_before_weights_load(change, named):
    loading.LOADED.clear()
    with pytest.raises(InvalidInput) as caught:
        next(dwlab.stream([GenerationParams("x", **change)]))
    assert caught.value.field == named
    assert len(loading.LOADED) == 0


@pytest.mark.skipif(
    importlib.util.find_spec("scipy") is not None, reason="scipy is there, so the scheduler works"
)
def test_a_scheduler_that_lacks_a_package_names_it():
    with pytest.raises(InvalidInput, match=r"LMSDiscreteScheduler.*pip install scipy"):
        next(dwlab.stream([GenerationParams("x", scheduler="LMSDiscreteScheduler")]))


def test_tokens_are_counted_as_the_encoder_that_reads_most_takes_them(tmp_path):
    assert tokens.count_tokens("shapes", "a red star") == (3, 75, len("a red star"))
    assert tokens.count_tokens("shapes", "star " * 100) == (100, 75, len("star " * 75) - 1)
    folder = tmp_path / "two"
    shutil.copytree(SHAPES_FOLDER, folder)
    shutil.copytree(folder / "tokenizer", folder / "tokenizer_2")
    config = folder / "tokenizer_2/tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_max_length": 10**30}))
    assert tokens.count_tokens(str(folder), "star " * 100)[:2] == (100, 510)


def test_generate_makes_one_picture_that_carries_its_recipe(tmp_path):
    picture = dwlab.generate("a red circle", num_inference_steps=2, width=64, height=64, seed=5)
    path = picture.save(tmp_path / "out.png")
    recipe = read_recipe(path)
    assert recipe["key"] == picture.key
    again = pictures([GenerationParams(**recipe["params"])])[0]
    assert difference(again.image, picture.image) <= 1


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The embedded model's weights under a name of their own, whose catalog entry knows other defaults."""
    folder = tmp_path_factory.mktemp("models") / "mine"
    shutil.copytree(SHAPES_FOLDER, folder)
    return loading.load(str(folder))


def test_generate_takes_a_loaded_model_with_its_name_and_defaults(loaded):
    picture = dwlab.generate("a red circle", model=loaded, width=64, height=64, steps=2)
    assert picture.params.model == loaded.identity.name
    assert (
        picture.params.guidance == GenerationParams("x", model=loaded.identity.name).guidance == 7.5
    )
    named = dwlab.generate("a red circle", model=loaded.identity.name, width=64, height=64, steps=2)
    assert named.png() == picture.png()


@pytest.mark.parametrize("by_name", [True, False])
def test_a_model_in_place_of_the_cells_own_gives_its_name_and_leaves_what_was_asked(
    loaded, by_name
):
    asked = cells(scheduler="Euler a")[:2]
    for params, picture in zip(
        asked, pictures(asked, model=loaded.identity.name if by_name else loaded), strict=True
    ):
        assert picture.params == params.replace(model=loaded.identity.name)


def test_a_loaded_model_is_not_said_to_have_run_in_another_dtype(loaded):
    with pytest.raises(InvalidInput, match="dtype is 'bfloat16'; allowed: auto or float32"):
        dwlab.generate("x", model=loaded, dtype="bfloat16")
    assert (
        dwlab.generate("x", model=loaded, dtype="float32", width=64, height=64, steps=1).dtype
        == "float32"
    )


def test_one_key_is_one_file_whatever_dtype_and_model_were_called(tmp_path):
    """`auto` or its dtype, a catalog name or the path behind it, a folder here or there."""
    folders = [tmp_path / "mine", tmp_path / "yours"]
    for name in folders:
        shutil.copytree(SHAPES_FOLDER, name)
        edited = json.loads((name / "scheduler" / "scheduler_config.json").read_text()) | {
            "note": "no longer shapes"
        }
        (name / "scheduler" / "scheduler_config.json").write_text(json.dumps(edited))
    same = {
        "seed": 3,
        "guidance": 2.0,
        "width": 64,
        "height": 64,
        "steps": 2,
        "scheduler": "DDIMScheduler",
    }
    for alike in (
        ["shapes", str(SHAPES_FOLDER), f"{SHAPES_FOLDER}/../model"],
        [str(f) for f in folders],
    ):
        made = [
            dwlab.generate("a red circle", model=model, dtype=dtype, **same)
            for model in alike
            for dtype in ("auto", "float32")
        ]
        assert len({picture.key for picture in made}) == 1
        assert len({picture.png() for picture in made}) == 1
        text = made[0].save(tmp_path / "made.png").read_bytes()
        assert str(tmp_path).encode() not in text and str(SHAPES_FOLDER).encode() not in text
        assert read_recipe(tmp_path / "made.png")["params"]["dtype"] == "float32"


COMMIT = "0123456789abcdef" * 2 + "01234567"
REPOSITORY = "owner/tiny"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub cache that holds the embedded model as `owner/tiny`; gives the snapshot's folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--owner--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    shutil.copytree(SHAPES_FOLDER, repository / "snapshots" / COMMIT)
    return repository / "snapshots" / COMMIT


def listed(snapshot, *more):
    """Note what the repository holds beside what is here, as huggingface_hub does when it downloads."""
    here = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]
    files = {name: {"size": 1, "blob_id": "0"} for name in (*here, *more)}
    trees = snapshot.parent.parent / "trees"
    trees.mkdir()
    (trees / f"{COMMIT}.json").write_text(json.dumps({"format_version": 1, "files": files}))


def test_a_whole_snapshot_is_used_without_asking_the_hub(hub):
    identity = identify(REPOSITORY, download=False)
    assert (identity.weights, identity.folder) == (COMMIT, hub)
    assert (
        dwlab.generate("a red circle", model=REPOSITORY, width=64, height=64, steps=1).weights
        == COMMIT
    )


def test_files_of_a_repository_that_the_model_does_not_need_are_not_missed(hub):
    listed(hub, "README.md", "pruned.ckpt", "unet/diffusion_pytorch_model.fp16.safetensors")
    assert identify(REPOSITORY, download=False).weights == COMMIT


def cut_shards(snapshot):
    """Make the weights of the unet two shards, of which one is here."""
    whole = snapshot / "unet" / "diffusion_pytorch_model.safetensors"
    shards = [
        whole.with_name(f"diffusion_pytorch_model-0000{k}-of-00002.safetensors") for k in (1, 2)
    ]
    whole.rename(shards[0])
    index = {"metadata": {}, "weight_map": {"a": shards[0].name, "b": shards[1].name}}
    (snapshot / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(
        json.dumps(index)
    )


def first_shard_only(snapshot):
    cut_shards(snapshot)
    (snapshot / "unet" / "diffusion_pytorch_model.safetensors.index.json").unlink()


def variant_only(snapshot):
    whole = snapshot / "vae" / "diffusion_pytorch_model.safetensors"
    whole.rename(whole.with_name("diffusion_pytorch_model.fp16.safetensors"))


def dangling(snapshot):
    whole = snapshot / "vae" / "diffusion_pytorch_model.safetensors"
    whole.unlink()
    whole.symlink_to("../../../blobs/gone")


CUTS = {
    "weights of unet": lambda s: (s / "unet" / "diffusion_pytorch_model.safetensors").unlink(),
    "text_encoder": lambda s: shutil.rmtree(s / "text_encoder"),
    "scheduler": lambda s: shutil.rmtree(s / "scheduler"),
    "tokenizer": lambda s: [path.unlink() for path in (s / "tokenizer").iterdir()],
    "a shard": cut_shards,
    "the index of the shards": first_shard_only,
    "all but a variant": variant_only,
    "the file behind a link": dangling,
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_snapshot_in_parts_is_not_downloaded(hub, cut):
    CUTS[cut](hub)
    with pytest.raises(
        NotDownloaded,
        match=r"owner/tiny.* only partly downloaded .*(is|are) missing.*dwlab pull owner/tiny",
    ):
        identify(REPOSITORY, download=False)
    with pytest.raises(
        ModelError, match=r"owner/tiny.* only partly downloaded .* connect to the network"
    ) as caught:
        identify(REPOSITORY)
    assert not isinstance(caught.value, NotDownloaded)


def test_a_snapshot_in_parts_is_completed_where_it_may_be(hub, monkeypatch):
    shutil.rmtree(hub / "unet")
    with Hub() as site:
        connect(monkeypatch, site.url)
        site.add(REPOSITORY, SHAPES_FOLDER)
        assert identify(REPOSITORY).weights == COMMIT
        assert {Path(name).parts[0] for name in site.fetched()} == {"unet"}
    assert identify(REPOSITORY, download=False).weights == COMMIT


def test_shards_that_are_all_here_are_whole(hub):
    cut_shards(hub)
    first = hub / "unet" / "diffusion_pytorch_model-00001-of-00002.safetensors"
    shutil.copy(first, first.with_name("diffusion_pytorch_model-00002-of-00002.safetensors"))
    assert identify(REPOSITORY, download=False).weights == COMMIT


def test_the_safety_checker_that_ships_with_stable_diffusion_is_a_stock_class(hub):
    """SD 1.5 names it by diffusers' own module, not by the library."""
    index = json.loads((hub / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    (hub / "model_index.json").write_text(json.dumps(index))
    shutil.copytree(hub / "vae", hub / "safety_checker")
    assert identify(REPOSITORY, download=False).weights == COMMIT
    index["safety_checker"][1] = "Other"
    (hub / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="allowed: classes of diffusers and transformers"):
        identify(REPOSITORY, download=False)


def test_a_folder_of_the_same_weights_gives_the_same_keys(tmp_path):
    copy = tmp_path / "copied"
    shutil.copytree(SHAPES_FOLDER, copy)
    assert identify(str(copy)).weights == identify("shapes").weights


def test_pickled_weights_are_refused(tmp_path):
    copy = tmp_path / "pickled"
    shutil.copytree(SHAPES_FOLDER, copy)
    (file,) = (copy / "unet").glob("*.safetensors")
    file.rename(file.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(ModelError, match="pickle"):
        identify(str(copy))


def test_a_pipeline_that_names_foreign_code_is_refused(tmp_path):
    import json

    copy = tmp_path / "hostile"
    shutil.copytree(SHAPES_FOLDER, copy)
    index = json.loads((copy / "model_index.json").read_text())
    for entry in (["os", "system"], ["diffusers", "../x"], ["pipeline", "Mine"]):
        index["unet"] = entry
        (copy / "model_index.json").write_text(json.dumps(index))
        with pytest.raises(ModelError, match="allowed: classes of diffusers and transformers"):
            identify(str(copy))


def test_auto_dtype_is_float32_on_a_cpu_and_a_named_one_is_kept():
    assert identify("shapes", "cpu").dtype == "float32"
    assert identify("shapes", "cpu", "bfloat16").dtype == "bfloat16"


def test_an_unknown_device_is_refused():
    with pytest.raises(InvalidInput, match="device"):
        next(dwlab.stream(cells()[:1], device="tpu"))


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="what is freed goes back in other ways elsewhere"
)
def test_memory_does_not_grow_with_every_new_size():
    script = Path(__file__).parents[1] / "sizes.py"
    done = subprocess.run(
        [sys.executable, script, "--pictures", "120"], capture_output=True, text=True, check=True
    )
    seen = [int(number) for number in re.findall(r"(\d+) MB", done.stdout)]
    assert len(seen) == 6 and max(seen) < 1.15 * seen[0], seen
