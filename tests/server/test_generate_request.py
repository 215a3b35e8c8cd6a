"""Requests for pictures that are refused: each error names the field, and no job is made."""

from __future__ import annotations

import pytest

from dwlab.server.requests.generate_request import GenerateRequest
from dwlab.spec.long_prompts import LONG_PROMPTS
from dwlab.spec.prompt_weights import WEIGHTINGS


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "prompt"),
        ({"prompt": 7}, 422, "prompt"),
        ({"prompt": "a", "width": 4096, "height": 4096, "steps": 1000}, 422, "width"),
        ({"prompt": "a", "width": 65}, 422, "width"),
        ({"prompt": "a", "steps": 1000}, 422, "steps"),
        ({"prompt": "a", "steps": 3, "num_inference_steps": 3}, 422, "steps"),
        ({"prompt": "a", "num_images": 5}, 422, "num_images"),
        ({"prompt": "a", "model": "/etc"}, 422, "model"),
        ({"prompt": "a", "model": "someone/something"}, 422, "model"),
        ({"prompt": "a", "model": "sd15-geometry"}, 422, "model"),
        ({"prompt": "a", "control": [{"model": "owner/net", "image": "x"}]}, 422, "control"),
        ({"prompt": "a", "scheduler": "os.system"}, 422, "scheduler"),
        ({"prompt": "a", "guidance": -1}, 422, "guidance"),
        ({"prompt": "a", "seed": 2**63}, 422, "seed"),
        ({"prompt": "a", "seed": str(2**63)}, 422, "seed"),
        ({"prompt": "a", "seed": "9" * 5000}, 422, "seed"),
        ({"prompt": "a", "seed": "-1"}, 422, "seed"),
        ({"prompt": "a", "seed": " 7"}, 422, "seed"),
        ({"prompt": "a", "seed": "1_000"}, 422, "seed"),
        ({"prompt": "a", "seed": "7.0"}, 422, "seed"),
        ({"prompt": "a", "seed": ""}, 422, "seed"),
        ({"prompt": "a\0b"}, 422, "prompt"),
        ({"prompt": "a", "long_prompt": "cut"}, 422, "long_prompt"),
        ({"prompt": "a", "long_prompt": 1}, 422, "long_prompt"),
        ({"prompt": "a", "prompt_weighting": "a1111"}, 422, "prompt_weighting"),
        ({"prompt": "a", "accelerate": {"faster": 2}}, 422, "accelerate.faster"),
        ({"prompt": "a", "accelerate": {"deep_cache": 1000}}, 422, "accelerate.deep_cache"),
        ({"prompt": "a", "accelerate": "deep_cache"}, 422, "accelerate"),
        ({"prompt": "a", "accelerate": [{"deep_cache": 3}]}, 422, "accelerate"),
        ({"prompt": "a", "accelerate": {"deep_cache": [3]}}, 422, "accelerate.deep_cache"),
        ({"prompt": "a", "accelerate": {"deep_cache": True}}, 422, "accelerate.deep_cache"),
        ({"prompt": "a", "accelerate": {"deep_cache": 10**30}}, 422, "accelerate.deep_cache"),
        (
            {"prompt": "a", "accelerate": {"deep_cache": {"path": "/etc"}}},
            422,
            "accelerate.deep_cache.path",
        ),
        (
            {"prompt": "a", "accelerate": {"guidance_interval": [0.1] * 20_000}},
            422,
            "accelerate.guidance_interval",
        ),
        ({"prompt": "a", "accelerate": {f"x{k}": 1 for k in range(10_000)}}, 422, "accelerate.x0"),
        ({"prompt": "a", "accelerate": {"taylorseer": 5}}, 422, "accelerate.taylorseer"),
        ({"prompt": "a", "backend": "openvino"}, 422, "backend"),
        ({"prompt": "a", "profile": "openvino"}, 422, "profile"),
        ({"prompt": "a", "quantisation": "quanto-8bit"}, 422, "quantisation"),
        ({"prompt": "a", "colour": "red"}, 422, "colour"),
        ({"prompt": "a", "width": "512"}, 422, "width"),
        ({"prompt": "a", "steps": True}, 422, "steps"),
        ({"prompt": "a", "steps": 1e308}, 422, "steps"),
        ({"prompt": "a", "guidance": 10**4000}, 422, "guidance"),
        ({"prompt": "a", "56": 1}, 422, None),
        ({"prompt": "x" * 30_000}, 422, "prompt"),
        ({"prompt": "x" * 1_000_000}, 413, None),
    ],
)
def test_a_value_that_is_not_allowed_is_named_and_makes_no_job(server, body, status, field):
    before = server.job_ids()
    answer = server.http.post("/api/generate", json=body)
    assert answer.status_code == status and answer.json()["field"] == field, answer.text
    assert len(answer.content) < 2000
    assert server.job_ids() == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"prompt": "a",\n "steps": 4,}', "line 2 column "),
        (b"", "line 1 column 1"),
        (b'{"prompt": "a", "seed": NaN}', "finite numbers"),
        (b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}", "4,300 digits"),
        (b'{"prompt": "a", "prompt": "b"}', "each key once"),
        (b"[" * 100_000, "deeply nested"),
        (b"[1]", "a map, like"),
        (b'"x"', "a map, like"),
        (b'{"prompt": "\xff"}', "at byte 13"),
    ],
)
@pytest.mark.parametrize("path", ["/api/generate", "/api/sweeps"])
def test_an_error_in_the_json_of_a_body_names_the_place(server, path, body, words):
    answer = server.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"] or (path == "/api/sweeps" and words == "a map, like"), (
        answer.text
    )
    assert answer.json()["field"] in (None, "prompt")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("cfg_scale", "guidance"), ("cfg", "guidance"), ("sampler_name", "scheduler"), ("sampler", "scheduler"),
        ("batch_size", "num_images"), ("n_iter", "num_images"), ("n", "num_images"), ("size", "width and height"),
        ("denoising_strength", "strength"), ("hr_scale", "nothing is upscaled"), ("restore_faces", "nothing like it"),
    ],
)  # fmt: skip
def test_another_tool_s_parameter_name_is_answered_with_ours(server, name, ours):
    answer = server.http.post("/api/generate", json={"prompt": "a", name: 7})
    assert answer.status_code == 422 and answer.json()["field"] == name
    assert ours in answer.json()["detail"]


def test_a_lone_surrogate_in_a_prompt_is_refused(server):
    answer = server.http.post(
        "/api/generate",
        content=b'{"prompt": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert (
        answer.status_code == 422
        and answer.json()["field"] == "prompt"
        and "surrogates" in answer.json()["detail"]
    )


def test_a_body_of_unknown_length_is_limited_too(server):
    answer = server.http.post(
        "/api/generate",
        content=(b"x" * 65_536 for _ in range(32)),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413


def test_long_prompts_and_weights_are_asked_for_as_in_recipes(server):
    fields = GenerateRequest.model_json_schema()["properties"]
    for name, words in (("long_prompt", LONG_PROMPTS), ("prompt_weighting", WEIGHTINGS)):
        assert tuple(fields[name]["anyOf"][0]["enum"]) == words
    long_text = "a red circle and a blue square beside it, " * 10
    body = {"prompt": long_text, "steps": 1, "width": 64, "height": 64, "long_prompt": "error"}
    refused = server.http.post("/api/generate", json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["field"] == "prompt" and "tokens" in refused.text
    answer = server.ask(long_text, long_prompt="truncate", prompt_weighting="literal")
    assert server.wait(answer["job_id"])["status"] == "completed"
