from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.spec.compute import Compute
from dwlab.spec.where import Where, parse


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("local", Where("local")),
        ("cpu*3", Where("devices", devices=("cpu", "cpu", "cpu"))),
        ("cuda:*", Where("devices", devices=("cuda:*",))),
        ("cuda:0, cuda:2", Where("devices", devices=("cuda:0", "cuda:2"))),
        ("dask://node-1.lan:8786", Where("scheduler", address="tcp://node-1.lan:8786")),
        ("tls://[::1]:8786", Where("scheduler", address="tls://[::1]:8786")),
        ("scheduler-file:/shared/s.json", Where("scheduler-file", address="/shared/s.json")),
        ("slurm", Where("slurm")),
        (
            "slurm partition=gpu time=2h",
            Where("slurm", options={"partition": "gpu", "time": "2h"}),
        ),
    ],
)
def test_a_text_names_a_place(text, place):
    assert parse(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpu",
        "cpu*0",
        "cpu*9999",
        "cpu:1",
        "cuda:0,cuda:0",
        "cuda:*,cuda:0",
        "dask://nowhere",
        "http://host:1",
        "scheduler-file:",
        "slurm partition",
        "slurm partition=$(id)",
        "slurmy",
    ],
)
def test_other_texts_are_refused(text):
    with pytest.raises(InvalidInput):
        parse(text)


def test_what_is_neither_a_text_nor_a_client_is_refused():
    with pytest.raises(InvalidInput, match="a client of Dask"):
        Compute(where=3)


@pytest.mark.parametrize(
    ("where", "device"), [("cpu*2", "cuda"), ("cuda:*", "cpu"), ("dask://host:1", "cuda:1")]
)
def test_a_device_that_contradicts_the_place_is_refused(where, device):
    with pytest.raises(InvalidInput, match="device is"):
        Compute(where=where, device=device)


def test_a_profile_is_that_of_one_machine():
    assert Compute(where="cpu*2", profile="fast").place.device == "cpu"
    with pytest.raises(InvalidInput, match="a profile is that of one machine"):
        Compute(where="dask://host:1", profile="fast")
