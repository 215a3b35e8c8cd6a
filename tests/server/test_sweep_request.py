"""Sweeps that the server accepts: one that is too large is refused before its cells are made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dwlab.errors import InvalidInput
from dwlab.server.requests.allowed_arguments import CALL, SCHEDULER_OPTIONS
from dwlab.server.requests.sweep_request import read_sweep
from dwlab.server.settings import ServerSettings

SETTINGS = ServerSettings(_env_file=None, max_cells=100)
MANY = {"range": [1_000_000]}


def read(**parts):
    body = {"name": "x", "base": {"prompt": "a"}, **parts}
    return read_sweep(json.dumps(body).encode(), is_yaml=False, settings=SETTINGS, root=Path())


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
        ({"model": "someone/something"}, "model is 'someone/something'; allowed: one of shapes"),
        ({"base": {"prompt": "a", "model": "/etc"}}, "base.model is '/etc'"),
        ({"base": {"prompt": "a", "image": "/etc/hostname"}}, "sent to /api/inputs"),
        ({"axes": {"image": {"folder": "/etc"}}}, "axes.image is {'folder': '/etc'}"),
        ({"axes": {"image": {"glob": "/**"}}}, "sent to /api/inputs"),
        ({"base": {"prompt": "a", "mask_image": "a.png"}}, "base.mask_image is 'a.png'"),
        ({"axes": {"strength": [0.5]}}, "without an image"),
        ({"axes": {"model": ["shapes", "~a\0b"]}}, "text without NUL"),
        ({"axes": {"accelerate": [{"deep_cache": 21}]}}, "axes.accelerate[0].deep_cache is 21"),
        ({"base": {"prompt": "a", "accelerate": {"faster": 2}}}, "base.accelerate.faster is 2"),
        ({"axes": {"accelerate.faster": [1]}}, "allowed: one of accelerate.token_merging, "),
        ({"axes": {"accelerate.deep_cache": [1, 99]}}, "axes.accelerate.deep_cache[1] is 99"),
        ({"axes": {"quantisation": ["none", "quanto-8bit"]}}, "axes.quantisation is"),
        ({"axes": {"backend": ["openvino"]}}, "axes.backend is"),
        ({"base": {"prompt": "a", "profile": "openvino"}}, "base.profile is"),
        ({"axes": {"model": ["shapes", "~root"]}}, "axes.model[1] is '~root'"),
        ({"axes": {"model": ["shapes", "sd15-geometry"]}}, "axes.model[1] is 'sd15-geometry'"),
        ({"base": {"prompt": "a", "call": {"timesteps": [1] * 900}}}, "call.timesteps"),
        ({"base": {"prompt": "a", "call.sigmas": [1]}}, "call.sigmas"),
        ({"axes": {"call.timesteps": [[1], [2]]}}, "call.timesteps"),
        ({"axes": {"scheduler_options.num_train_timesteps": [10**9]}}, "scheduler_options.num_train_timesteps"),
        ({"axes": {"call": [{"timesteps": [1]}]}}, "axes.call[0].timesteps"),
        ({"base": {"prompt": "a", "loras": [{"file": "/etc/x.safetensors"}]}}, "this server takes no files"),
        ({"axes": {"loras.x.weight": [1]}}, "axes.loras.x.weight is"),
        ({"base": {"prompt": "a", "vae": "owner/vae"}}, "base.vae is"),
        ({"axes": {"components.unet": ["owner/x/unet"]}}, "axes.components.unet is"),
        ({"axes": {"parts.unet": {"glob": "/**"}}}, "axes.parts.unet is"),
        ({"base": {"prompt": "a", "parts": {"unet": "/etc"}}}, "base.parts is"),
        ({"axes": {"model": {"glob": "/**"}}}, "axes.model is"),
        ({"model": {"glob": "/**"}}, "model is"),
        ({"base": {"prompt": "a", "ip_adapter": {"file": "/etc/x.safetensors"}}}, "this server takes no files"),
        ({"base": {"prompt": "a", "refiner": "/etc"}}, "this server takes no files"),
        ({"base": {"prompt": "a", "control": [{"model": "owner/net", "image": "x"}]}}, "base.control"),
        ({"axes": {"control.model": ["owner/net"]}}, "axes.control.model is"),
        ({"metrics": ["beauty"]}, "metrics is 'beauty'"),
        ({"metrics": ["\ud800"]}, "lone surrogates"),
        ({"metrics": [{"clip_score": {"model": "/etc"}}]}, "looks through no networks"),
        ({"metrics": [{"diversity": {"model": "owner/name"}}]}, "looks through no networks"),
        ({"metrics": [{"ssim": {"against": [1]}}]}, "a map of axes and values"),
        ({"metrics": [{"ssim": {"evil": 1}}]}, "the options"),
        ({"base": {"prompt": "a", "call": {"\udfff": 1}}}, "lone surrogates"),
        ({"base": {"prompt": "a", "call": {"x": json.loads("[" * 500 + "]" * 500)}}}, "at most 20 levels"),
        ({"base": {"prompt": "a", "scheduler_options": {"solver_order": 10**8}}}, "solver_order is 100000000; allowed: a whole"),
        ({"base": {"prompt": "a", "scheduler_options.solver_order": 2.5}}, "base.scheduler_options.solver_order is 2.5"),
        ({"axes": {"scheduler_options.solver_order": [2, True]}}, "axes.scheduler_options.solver_order[1] is True"),
        ({"axes": {"scheduler_options.solver_order": {"range": [1, 6]}}}, "axes.scheduler_options.solver_order[3] is 4"),
        ({"axes": {"scheduler_options": [{}, {"solver_order": "2"}]}}, "axes.scheduler_options[1].solver_order is '2'"),
        ({"base": {"prompt": "a", "scheduler_options": {"trained_betas": [0.1] * 90}}}, "trained_betas"),
        ({"base": {"prompt": "a", "call": {"max_sequence_length": 10**6}}}, "from 1 to 512"),
        ({"base": {"prompt": "a", "call": {"eta": "0"}}}, "base.call.eta is '0'; allowed: a number from 0 to 1,"),
        ({"base": {"prompt": "a", "call": {"cross_attention_kwargs": {"scale": 1}}}}, "cross_attention_kwargs"),
        ({"base": {"prompt": "a", "call": [1]}}, "base.call"),
        ({"axes": {"call": [1]}}, "axes.call[0]"),
        ({"base": {"prompt": "{a}" * 20_000}, "axes": {"a": ["x" * 9000]}}, "at most 20,000 characters"),
        ({"base": {"prompt": "a", "cfg_scale": 7}}, "allowed: guidance (instead of cfg_scale"),
        ({"axes": {"steps": [1, 2, -3]}}, "axes.steps[2] is -3"),
        ({"axes": {"prompt": {"variants": "{a|b}"}}}, "a list of texts, on this server"),
        ({"base": {"prompt": "(a:99)", "prompt_weighting": "compel"}}, "weights from 0 to 10"),
        ({"base": {"prompt": "a", "long_prompt": "cut"}}, "truncate, chunk, error"),
        ({"axes": [1]}, "axes"),
        ({"base": 5}, "base"),
        ({"zip": [[["seed"]]], "axes": {"seed": [1]}}, "zip"),
        ({"zip": 5}, "zip"),
    ],
)  # fmt: skip
def test_a_sweep_that_is_too_large_or_invalid_is_refused_with_the_field(parts, words):
    with pytest.raises(InvalidInput) as caught:
        read(**parts)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        ({}, 1),
        ({"axes": {"seed": {"random": 100}}}, 100),
        ({"axes": {"prompt_weighting": ["literal", "compel"], "long_prompt": ["chunk"]}}, 2),
        (
            {
                "axes": {"seed": {"range": [100]}, "guidance": {"linspace": [1, 9, 100]}},
                "zip": [["seed", "cfg"]],
            },
            100,
        ),
        (
            {
                "axes": {"seed": {"range": [50]}, "steps": {"range": [1, 11]}},
                "skip": [{"steps": {"above": 2}}],
            },
            100,
        ),
        (
            {
                "base": {
                    "prompt": "a",
                    "scheduler_options": {"solver_order": 3, "use_karras_sigmas": True},
                }
            },
            1,
        ),
        (
            {
                "axes": {
                    "scheduler_options.algorithm_type": ["sde-dpmsolver++"],
                    "call": [{"eta": 1}, {"clip_skip": 2}],
                }
            },
            2,
        ),
        (
            {
                "base": {"prompt": "a {n}", "call.eta": 0.5},
                "axes": {"n": [10**400]},
                "metrics": ["blank"],
            },
            1,
        ),
    ],
)
def test_a_sweep_within_the_limits_is_accepted(parts, cells):
    assert len(read(**parts).cells()) == cells


@pytest.mark.parametrize(
    "body",
    [b"a: " + b"[" * 30, b"[" + b"a," * 100_000 + b"a]", b"x: " + b"- " * 10_000, b"\xff\xfe"],
)
def test_a_yaml_text_of_very_many_nodes_is_refused_while_it_is_read(body):
    with pytest.raises(InvalidInput) as caught:
        read_sweep(body, is_yaml=True, settings=SETTINGS, root=Path())
    assert len(str(caught.value)) < 500


def test_every_allowed_argument_exists_in_diffusers():
    import inspect

    import diffusers
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    from dwlab.spec.schedulers import ALIASES

    options = {
        name
        for cls, _ in ALIASES.values()
        for name in inspect.signature(getattr(diffusers, cls)).parameters
    }
    pipelines = AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()
    arguments = {name for cls in pipelines for name in inspect.signature(cls.__call__).parameters}
    assert SCHEDULER_OPTIONS.keys() <= options and CALL.keys() <= arguments


def test_the_options_of_every_named_scheduler_are_allowed():
    from dwlab.spec.schedulers import ALIASES

    for _, options in ALIASES.values():
        assert all(SCHEDULER_OPTIONS[name].allows(value) for name, value in options.items())


def test_the_argument_negative_prompt_may_only_be_empty():
    rule = CALL["negative_prompt"]
    assert rule.allows("") and rule.allows(None) and not rule.allows("red")
    assert str(rule) == 'one of "", null'


SEARCHED = {"seed": [0, 1], "steps": [1, 2]}


@pytest.mark.parametrize(
    "parts",
    [
        {"budget": "200 rows"},
        {"search": "halving"},
        {"search": {"method": "ladder", "margin": 0.1}},
    ],
)
def test_a_search_among_the_cells_of_a_request_is_accepted(parts):
    assert read(axes=SEARCHED, **parts).request is not None


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"budget": "30 bananas"}, "budget"),
        ({"budget": "1e99 rows"}, "budget"),
        ({"budget": 10**20}, "budget"),
        ({"budget": "20 pictures", "search": "optuna"}, "search.method"),
        ({"search": {"method": "ladder", "storage": "sqlite:///x"}}, "search.storage"),
        ({"search": "auto", "metrics": ["brightness"]}, "metric"),
        (
            {"search": "auto", "axes": {**SEARCHED, "guidance": {"from": 1, "to": 9}}},
            "axes.guidance",
        ),
        ({"search": "auto", "axes": {"steps": [1, 2]}}, "axes.seed"),
        ({"search": "auto", "axes": {**SEARCHED, "seed": {"range": [101]}}}, "axes.seed"),
    ],
)
def test_a_search_that_the_server_does_not_do_is_refused(parts, field):
    with pytest.raises(InvalidInput) as caught:
        read(**{"axes": SEARCHED, **parts})
    assert caught.value.field == field
