"""ControlNets of the hub: a run fetches them as it does models, and nothing else does."""

from __future__ import annotations

import pytest
from hub_fixtures import cache, hub  # noqa: F401  # fixtures
from lookalike_hub import COMMIT
from start_pictures import noise_picture

import dwlab
from dwlab.errors import InvalidInput, NotDownloaded
from dwlab.runs.sweep import Sweep
from dwlab.spec import catalog
from dwlab.spec.params import GenerationParams

NET = "owner/canny"


@pytest.fixture
def one(controlled, hub):  # noqa: F811
    one = controlled("sd")
    hub.add(NET, one.folder / "net1")
    return one


def recipe(one, model):
    control = {"model": model, "image": noise_picture(11), "scale": 0.5}
    base = {"model": one.model.identity.name, "width": 16, "height": 16, "steps": 2}
    return GenerationParams("a star", control=[control], **base)


def drawn(params):
    (picture,) = [
        event.result for event in dwlab.stream([params], device="cpu") if event.kind == "done"
    ]
    return picture


def test_a_run_fetches_a_net_once_and_tells_of_it(one, hub):  # noqa: F811
    events = list(dwlab.stream([recipe(one, NET)], device="cpu"))
    downloads = [event.download for event in events if event.kind == "download"]
    assert downloads[-1].over and downloads[-1].model == NET
    assert sorted(hub.fetched()) == ["config.json", "diffusion_pytorch_model.safetensors"]
    local = drawn(recipe(one, str(one.folder / "net1")))
    assert events[-1].result.key == local.key, "where a net lies does not count"
    requests = len(hub.requests)
    assert drawn(recipe(one, NET)).key == local.key
    assert len(hub.requests) == requests


def test_other_files_of_the_repository_change_no_key(one, hub):  # noqa: F811
    hub.repositories[NET]["diffusion_pytorch_model.fp16.safetensors"] = b"x"
    hub.repositories[NET]["notes.txt"] = b"x"
    picture = drawn(recipe(one, f"{NET}@{COMMIT}"))
    assert picture.key == drawn(recipe(one, str(one.folder / "net1"))).key


def test_plans_and_runs_that_may_not_download_say_so(one, hub, tmp_path):  # noqa: F811
    params = recipe(one, NET)
    with pytest.raises(NotDownloaded, match="'owner/canny' is not downloaded yet"):
        list(dwlab.stream([params], device="cpu", download=False))
    base = params.as_dict() | {"control": params.control}
    plan = Sweep("x", base=base).plan(tmp_path, device="cpu")
    assert any("'owner/canny' is not downloaded yet" in text for text in plan.warnings)
    assert not hub.requests


def test_a_name_of_the_catalog_stands_for_its_repository_at_its_commit(one, hub):  # noqa: F811
    entry = catalog.PARTS["controlnet-canny-sdxl"]
    hub.repositories[entry.source] = hub.repositories[NET]
    hub.revisions[entry.source, entry.revision] = (entry.revision, hub.repositories[NET])
    picture = drawn(recipe(one, entry.name))
    assert picture.params.control[0].model == entry.name
    assert any(entry.revision in request for request in hub.requests)


def test_another_kind_of_part_is_refused_before_its_weights_arrive(one, hub):  # noqa: F811
    hub.repositories[NET]["config.json"] = b'{"_class_name": "AutoencoderKL"}'
    with pytest.raises(InvalidInput, match="this is a AutoencoderKL"):
        drawn(recipe(one, NET))
    assert hub.fetched() == ["config.json"]
