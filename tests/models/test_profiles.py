"""The fast profile of this machine: kept, found, and a message where its file is of no use."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import pytest

import dwlab
from dwlab.errors import InvalidInput, StoreError
from dwlab.models import loading, profiles
from dwlab.models.identity import identify
from dwlab.models.profiles import Profile
from dwlab.models.settings import STOCK, Settings

PROFILE = Profile("bfloat16", Settings(channels_last=True), 8, 2.5, {"torch": "2.13.0"})
STORED = {**asdict(PROFILE), "settings": PROFILE.settings.changed()}


def store(text: str) -> None:
    path = profiles.keep(PROFILE, "weights", "cpu")
    path.write_text(text)


def stored_as(**changes: object) -> str:
    (name,) = json.loads(profiles.keep(PROFILE, "weights", "cpu").read_text())
    return json.dumps({name: {**STORED, **changes}})


def test_a_profile_that_was_kept_is_found_again():
    profiles.keep(PROFILE, "weights", "cpu")
    assert profiles.find("fast", "shapes", "weights", "cpu") == PROFILE
    with pytest.raises(InvalidInput, match="dwlab bench tune --model shapes --device cpu"):
        profiles.find("fast", "shapes", "other weights", "cpu")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[[1, 2]]", "null", "7", '"text"', "[" * 100_000, "\x00", '{"a": 1e999']
)
def test_a_file_that_holds_no_profiles_is_named_with_the_remedy(text):
    store(text)
    with pytest.raises(StoreError, match=r"profiles\.json cannot be used .*dwlab bench tune"):
        profiles.find("fast", "shapes", "weights", "cpu")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
def test_a_pipe_in_the_place_of_the_profiles_is_told_and_not_waited_for():
    path = profiles.keep(PROFILE, "weights", "cpu")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(
        StoreError, match=r"profiles\.json cannot be used .*not a regular file.*dwlab bench tune"
    ):
        profiles.find("fast", "shapes", "weights", "cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {"quantisation": "int4"},  # of a newer dwlab
        {"settings": {"sharding": 2}},
        {"settings": {"threads": 1e308}},
        {"settings": {"attention": ["math"]}},
        {"settings": None},
        {"dtype": "float4"},
        {"dtype": None},
        {"batch": 0},
        {"batch": "eight"},
        {"batch": 1e308},
        {"batch": True},
    ],
)
def test_a_profile_that_is_spoiled_or_newer_is_named_with_the_remedy(changes):
    store(stored_as(**changes))
    with pytest.raises(StoreError, match=r"profiles\.json cannot be used .*newer dwlab"):
        profiles.find("fast", "shapes", "weights", "cpu")


@pytest.fixture
def fast(own_folders):
    """A profile of `shapes` on this machine's CPU."""
    settings = Settings(channels_last=True, threads=1)
    found = profiles.Profile("bfloat16", settings, 4, 1.7, {"torch": "2.13.0"})
    profiles.keep(found, identify("shapes", "cpu").weights, "cpu")
    return found


def test_a_profile_is_used_only_if_a_load_names_it(fast):
    model = loading.load("shapes", "cpu", profile="fast")
    assert (model.identity.dtype, model.identity.settings, model.identity.pack) == (
        "bfloat16",
        fast.settings,
        4,
    )
    stock = loading.load("shapes", "cpu")
    assert (stock.identity.dtype, stock.identity.settings, stock.identity.pack) == (
        "float32",
        STOCK,
        None,
    )
    assert identify("shapes", "cpu", "float32", profile="fast").dtype == "float32"


def test_a_sweep_with_a_profile_says_so_in_its_rows(fast, tmp_path):
    sweep = dwlab.Sweep("s", base={"prompt": "a red star", "steps": 2}, axes={"seed": [0, 1]})
    assert sweep.plan(tmp_path, device="cpu", profile="fast").todo == 2
    table = sweep.run(tmp_path, device="cpu", profile="fast")
    assert set(table["dtype"]) == {"bfloat16"}
    assert json.loads(table["versions"][0])["settings"] == {"channels_last": True, "threads": 1}
    assert sweep.plan(tmp_path, device="cpu", profile="fast").todo == 0
    assert sweep.plan(tmp_path, device="cpu").todo == 2  # stock float32 makes other pictures


@pytest.mark.parametrize(
    ("profile", "message"),
    [("fast", "dwlab bench tune --model shapes"), ("warp", "fast, compile, openvino, or nothing")],
)
def test_a_missing_profile_says_how_to_make_it(own_folders, profile, message):
    with pytest.raises(InvalidInput, match=message):
        loading.load("shapes", "cpu", profile=profile)


def test_a_load_with_a_broken_profile_file_says_to_delete_it(fast):
    profiles._path().write_text("{")
    with pytest.raises(StoreError, match="delete it"):
        loading.load("shapes", "cpu", profile="fast")
