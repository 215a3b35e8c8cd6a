from __future__ import annotations

import json
import shutil

import pytest

from dwlab.cluster import wire
from dwlab.cluster.rebuilding import Rebuilding, Refused, check_versions
from dwlab.errors import InvalidInput
from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.compute import Compute
from dwlab.spec.loras import SHIPPED


def rebuilt(parcel, folder):
    document = json.loads(parcel.document)
    work = Rebuilding(document, parcel.blobs, "cpu", folder)
    work.check()
    return work.cells()


def test_a_cell_is_the_same_after_its_way(cells, tmp_path):
    compute = Compute(exact=4, pack=2, probes=("x0",))
    todo = cells(2, compute, loras=[{"file": "shapes-moon", "weight": 0.5}])
    parcel = wire.parcel_of(todo, compute, "t")
    work = Rebuilding(json.loads(parcel.document), parcel.blobs, "cpu", tmp_path)
    assert work.cells() == todo
    assert work.compute == compute


def test_settings_and_measures_arrive(cells, tmp_path):
    compute = Compute(memory=("vae-tiling", "attention-slicing"))
    todo = cells(1, compute)
    (cell,) = rebuilt(wire.parcel_of(todo, compute, "t"), tmp_path)
    assert cell.identity.settings == todo[0].identity.settings
    assert cell.key == todo[0].key


def test_a_model_whose_files_are_others_here_is_refused(cells, tmp_path):
    folder = shutil.copytree(SHAPES_FOLDER, tmp_path / "model")
    todo = cells(1, model=str(folder))
    parcel = wire.parcel_of(todo, Compute(), "t")
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(Refused, match=f"the fingerprint of model '{folder}' is .* on the worker"):
        rebuilt(parcel, tmp_path)


def test_a_lora_that_is_not_here_is_named(cells, tmp_path):
    file = shutil.copy(SHIPPED["shapes-moon"], tmp_path / "mine.safetensors")
    # which no other file of this machine has
    todo = cells(1, loras=[{"file": str(file)}])
    document = json.loads(wire.parcel_of(todo, Compute(), "t").document)
    document["cells"][0]["params"]["loras"][0]["sha256"] = "ab" * 32
    with pytest.raises(InvalidInput, match=r"loras\[0\]\.file is .*the SHA-256 abab"):
        rebuilt(wire.Parcel(json.dumps(document), {}), tmp_path)


@pytest.mark.parametrize(
    ("here", "field"),
    [
        ({"torch": "2.12.0"}, "torch is 2.12 on the worker, but 2.13 where"),
        ({"diffusers": "0.41.0"}, "diffusers is 0.41.0 on the worker, but 0.42.1 where"),
        ({"transformers": None}, "transformers is not installed on the worker, but 5.2"),
        ({"dwlab": "0.0.9"}, "dwlab is 0.0.9"),
        ({"openvino": "2025.1"}, "openvino is 2025.1 on the worker, but 2026.4"),
        ({"openvino": None}, "openvino is not installed on the worker, but 2026.4"),
    ],
)
def test_versions_that_pictures_depend_on_are_the_same(here, field):
    planned = {
        "dwlab": "0.1.0",
        "torch": "2.13.0+cpu",
        "diffusers": "0.42.1",
        "transformers": "5.2",
        "openvino": "2026.4",
    }
    other = {name: version for name, version in (planned | here).items() if version}
    with pytest.raises(Refused, match=field):
        check_versions(planned, other)


def test_other_versions_may_differ():
    planned = {"dwlab": "1", "torch": "2.13.0+cpu", "numpy": "2.1", "python": "3.11"}
    here = {"dwlab": "1", "torch": "2.13.1+cu126", "numpy": "2.4", "openvino": "2026.4"}
    check_versions(planned, here)
