"""A results folder with a small sweep of pictures that are drawn at once, and its export."""

from __future__ import annotations

import shutil

import pytest
from faults.child import fake_render, toy_model

from dwlab.runs.run import run
from dwlab.runs.sweep import Sweep
from dwlab.store.store import Store
from dwlab.workflows.archive.exporting import export


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    return str(toy_model(tmp_path_factory.mktemp("model") / "toy"))


@pytest.fixture(scope="session")
def filled(toy, tmp_path_factory):
    """Six cells with stars, votes and a random seed."""
    root = tmp_path_factory.mktemp("filled") / "results"
    sweep = Sweep(
        "small",
        model=toy,
        base={"prompt": "a {colour} circle", "steps": 2, "width": 32, "height": 32},
        axes={"colour": ["red", "blue"], "seed": {"random": 3}},
        metrics=["brightness"],
    )
    run(sweep, results=root, render=fake_render)
    with Store(root) as store:
        keys = [member.key for member in store.experiments.members("small")]
        store.history.set_mark(keys[0], "stars", 4)
        store.history.set_mark(keys[1], "pin", 1)
        pair = store.votes.offer("small", "ann", keys[0], keys[1], waiting=0)
        store.votes.vote(pair, "left")
    return root


@pytest.fixture(scope="session")
def packed(filled, tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "small.zip"
    export(filled, "small", path)
    return path


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")
