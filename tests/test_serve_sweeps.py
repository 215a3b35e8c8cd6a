"""What `dwlab serve` lets in as a sweep: all that is too much is refused before anything is made of it."""

from __future__ import annotations

import json

import pytest

from dwlab.errors import InvalidInput
from dwlab.server import sweeps
from dwlab.server.settings import Settings

SETTINGS = Settings(_env_file=None, max_cells=100)
MANY = {"range": [1_000_000]}


def read(**parts):
    body = {"name": "x", "base": {"prompt": "a"}, **parts}
    return sweeps.read(json.dumps(body).encode(), False, SETTINGS)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"axes": {"seed": list(range(101))}}, "axes.seed is '101 values'; allowed: at most 100"),
        ({"axes": {"seed": MANY}}, "axes.seed is '1,000,000 values'"),
        ({"axes": {"cfg": {"linspace": [1, 2, 101]}}}, "axes.guidance is '101 values'"),
        ({"axes": {"seed": {"random": 101}}}, "axes.seed is '101 values'"),
        ({"axes": {f"call.a{k}": MANY for k in range(100)}}, "axes.call.a0 is '1,000,000 values'"),
        ({"axes": {"seed": {"range": [51]}, "steps": [1, 2]}}, "axes is 'too many combinations'; allowed: at most 100 "),
        ({"axes": {f"call.a{k}": {"range": [10]} for k in range(140)}}, "at most 100 "),
        ({"axes": {f"call.a{k}": {"range": [100]} for k in range(15)}}, "axes is '1,500 values'; allowed: at most 1,400 "),
        (
            {"axes": {"seed": {"range": [100]}, "steps": {"range": [1, 12]}}, "skip": [{"steps": 1}]},
            "axes is 'too many combinations'; allowed: at most 1,000 ",
        ),
        ({"axes": {"seed": [1]}, "skip": [{"seed": k} for k in range(1000)]}, "2,009 names and values"),
        ({"base": {"prompt": "a", "call": {"x": [0] * 2000}}}, "names and values"),
        ({"model": "someone/something"}, "model is 'someone/something'; allowed: one of shapes, sd15, sdxl"),
        ({"base": {"prompt": "a", "model": "/etc"}}, "model is '/etc'"),
        ({"axes": {"model": ["shapes", "~a\0b"]}}, "text without NUL"),
        ({"axes": {"model": ["shapes", "~root"]}}, "model is '~root'"),
        ({"axes": {"model": ["shapes", "sd15-geometry"]}}, "model is 'sd15-geometry'"),
        ({"base": {"prompt": "a", "call": {"timesteps": [1] * 900}}}, "call.timesteps"),
        ({"base": {"prompt": "a", "call.sigmas": [1]}}, "call.sigmas"),
        ({"axes": {"call.timesteps": [[1], [2]]}}, "call.timesteps"),
        ({"axes": {"scheduler_options.num_train_timesteps": [10**9]}}, "scheduler_options.num_train_timesteps"),
        ({"axes": {"call": [{"timesteps": [1]}]}}, "call.timesteps"),
        ({"metrics": ["beauty"]}, "metrics is 'beauty'"),
        ({"metrics": ["\ud800"]}, "lone surrogates"),
        ({"base": {"prompt": "a", "call": {"\udfff": 1}}}, "lone surrogates"),
        ({"base": {"prompt": "a", "call": {"x": json.loads("[" * 500 + "]" * 500)}}}, "at most 20 levels"),
        ({"axes": [1]}, "axes"),
        ({"base": 5}, "base"),
        ({"zip": [[["seed"]]], "axes": {"seed": [1]}}, "zip"),
        ({"zip": 5}, "zip"),
    ],
)  # fmt: skip
def test_what_is_too_much_or_wrong_is_named(parts, words):
    with pytest.raises(InvalidInput) as caught:
        read(**parts)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        ({}, 1),
        ({"axes": {"seed": {"random": 100}}}, 100),
        ({"axes": {"seed": {"range": [100]}, "guidance": {"linspace": [1, 9, 100]}}, "zip": [["seed", "cfg"]]}, 100),
        ({"axes": {"seed": {"range": [50]}, "steps": {"range": [1, 11]}}, "skip": [{"steps": {"above": 2}}]}, 100),
        ({"base": {"prompt": "a {n}", "call.eta": 0.5}, "axes": {"n": [10**400]}, "metrics": ["blank"]}, 1),
    ],
)
def test_what_is_within_the_limits_is_taken(parts, cells):
    assert len(read(**parts).cells()) == cells
