"""Converted models are kept, and a spoiled one is made again."""

from __future__ import annotations

import os
import time

import torch

from dwlab.models.openvino import conversion
from dwlab.models.openvino.arguments import Arguments


def layer():
    torch.manual_seed(0)
    return torch.nn.Linear(4, 4).eval()


def answer(model, rows):
    compiled = (
        conversion.openvino()
        .Core()
        .compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    )
    return torch.tensor(compiled([rows.numpy()])[0])


def test_a_model_is_read_back_until_it_is_damaged(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = layer()
    rows = torch.ones(3, 4)
    arguments = Arguments.of(module, (rows,), {})
    source = conversion.Source(module, "weights", "denoiser", "float32")
    converted = []
    convert = conversion.convert
    monkeypatch.setattr(
        conversion, "convert", lambda *given: converted.append(1) or convert(*given)
    )
    for _ in range(2):
        model = conversion.model_of(source, arguments)
        assert torch.allclose(answer(model, rows), module(rows), atol=1e-5)
    assert len(converted) == 1
    (folder,) = (tmp_path / "dwlab" / "openvino").iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["hash", "model.bin", "model.xml"]
    weights = folder / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    model = conversion.model_of(source, arguments)
    assert torch.allclose(answer(model, rows), module(rows), atol=1e-5)
    assert len(converted) == 2
    assert "damaged" in caplog.text


def test_other_weights_dtypes_and_arguments_are_other_models(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = layer()
    three = Arguments.of(module, (torch.ones(3, 4),), {})
    wide = Arguments.of(module, (torch.ones(3, 5, 4),), {})
    source = conversion.Source(module, "weights", "denoiser", "float32")
    folders = {
        source.folder(three),
        source.folder(wide),
        conversion.Source(module, "others", "denoiser", "float32").folder(three),
        conversion.Source(module, "weights", "decoder", "float32").folder(three),
        conversion.Source(module, "weights", "denoiser", "bfloat16").folder(three),
    }
    assert len(folders) == 5
    # the number of rows makes no other model
    assert source.folder(three) == source.folder(Arguments.of(module, (torch.ones(7, 4),), {}))


def test_models_that_nobody_used_for_long_go_when_another_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = layer()
    arguments = Arguments.of(module, (torch.ones(3, 4),), {})
    used, unused, new = [
        conversion.Source(module, weights, "denoiser", "float32")
        for weights in ("used", "unused", "new")
    ]
    long_ago = time.time() - conversion.UNUSED - 60
    for source in (used, unused):
        conversion.model_of(source, arguments)
        os.utime(source.folder(arguments) / "hash", (long_ago, long_ago))
    conversion.model_of(used, arguments)
    conversion.model_of(new, arguments)
    kept = [source.folder(arguments).is_dir() for source in (used, unused, new)]
    assert kept == [True, False, True]


def test_a_full_disk_costs_no_picture(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("where the folder would be")
    module = layer()
    arguments = Arguments.of(module, (torch.ones(3, 4),), {})
    source = conversion.Source(module, "weights", "denoiser", "float32")
    assert conversion.model_of(source, arguments) is not None
    assert "was not kept" in caplog.text
