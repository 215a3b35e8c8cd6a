"""OpenVINO's own pipeline draws what diffusers draws, from the same model, prompts and noise."""

from __future__ import annotations

import socket

import pytest

from dwlab.bench.engine import speed
from dwlab.bench.engine.engines import load, peers
from dwlab.bench.engine.report import EngineReport
from dwlab.spec.params import GenerationParams

pytest.importorskip("openvino_genai")


def cells():
    # steps that divide 1,000: with others GenAI rounds the timesteps of `shapes` otherwise
    recipe = {"steps": 4, "width": 128, "height": 128}
    return [
        GenerationParams("a red circle", seed=0, guidance=3.0, scheduler="DDIM", **recipe),
        GenerationParams("a blue star", seed=1, guidance=5.0, scheduler="Euler", **recipe),
        GenerationParams(
            "a green square", seed=2, guidance=2.0, scheduler="DDIM", **recipe
        ).replace(negative_prompt="a circle"),
    ]


@pytest.mark.slow
def test_its_pictures_are_those_of_diffusers_and_it_tells_nobody(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    engines = {name: load(name, "shapes", "cpu") for name in ("loop", "openvino-genai")}
    loop, genai = speed.measure(engines, "small", cells(), rounds=1)
    # it cuts what diffusers rounds, when it makes whole numbers of colours
    assert genai.difference <= 2
    assert genai.rows_a_forward == [] and genai.idle == []
    assert min(genai.tflops) > 0
    report = EngineReport([loop, genai], {"float32": 1e11}, "shapes", 1.0, {})
    assert "openvino-genai" in report.text()
    assert report.disagreeing() == []


def test_peers_of_a_gpu_are_without_openvino():
    assert "openvino-genai" in peers("cpu")
