"""Pickles become safetensors without running code; nothing is overwritten, and nothing is left half done."""

from __future__ import annotations

import os
import pickle
import zipfile

import pytest
import safetensors.torch
import torch
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.errors import ModelError
from dwlab.models.conversion import convert

# each case starts a process that imports torch
SLOW = pytest.mark.slow


class Malicious:
    """Unpickling this makes a file, as it could run anything."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_training_checkpoint_becomes_a_file_of_the_same_tensors(tmp_path):
    shared = torch.arange(6.0).reshape(2, 3)
    tensors = {"a.weight": shared, "b.weight": shared.T, "half": torch.ones(3, dtype=torch.float16)}
    source = tmp_path / "model.ckpt"
    torch.save({"state_dict": {**tensors, "step": 7}, "optimizer_states": [shared]}, source)
    made = convert(source)
    assert made.path == tmp_path / "model.safetensors"
    assert made.left_out == ["step"]
    read = safetensors.torch.load_file(made.path)
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())
    assert leftovers(tmp_path) == ["model.ckpt", "model.safetensors"]


@SLOW
def test_an_old_file_without_zip_and_an_embedding_are_read_too(tmp_path):
    old = tmp_path / "old.bin"
    torch.save({"a": torch.ones(2)}, old, _use_new_zipfile_serialization=False)
    assert convert(old).tensors == 1
    embedding = tmp_path / "style.pt"
    torch.save({"string_to_param": {"*": torch.ones(2, 768)}, "name": "style"}, embedding)
    made = convert(embedding)
    assert safetensors.torch.load_file(made.path)["emb_params"].shape == (2, 768)


@pytest.mark.parametrize(
    "way",
    [
        "hidden beside tensors",
        pytest.param("pickle", marks=SLOW),
        pytest.param("torch", marks=SLOW),
        pytest.param("torch, old", marks=SLOW),
    ],
)
def test_a_pickle_that_would_run_code_is_refused_and_runs_none(tmp_path, way):
    canary = tmp_path / "canary"
    source = tmp_path / "model.ckpt"
    value = {"state_dict": {"a": torch.ones(2)}, "extra": Malicious(canary)}
    if way == "pickle":
        source.write_bytes(pickle.dumps(Malicious(canary), protocol=2))
    else:
        held = value if way == "hidden beside tensors" else Malicious(canary)
        torch.save(held, source, _use_new_zipfile_serialization=way != "torch, old")
    result = CliRunner().invoke(app, ["convert", str(source)])
    assert result.exit_code == 2
    assert not canary.exists()
    assert "could run code, so it was not read" in result.stderr
    assert "system" in result.stderr
    assert "weights_only" not in result.stderr
    assert result.stderr.count("\n") == 1
    assert leftovers(tmp_path) == ["model.ckpt"]


BROKEN = {
    "empty": b"",
    "no pickle": b"hello there, this is no pickle",
    "cut short": None,
    "a list": pickle.dumps([1, 2]),
    "deep": b"\x80\x02" + b"(" * 100_000 + b".",
}


@pytest.mark.parametrize("case", [pytest.param(case, marks=SLOW) for case in BROKEN])
def test_a_broken_file_is_refused_in_words_and_leaves_nothing(tmp_path, case):
    source = tmp_path / "model.pt"
    if BROKEN[case] is None:
        torch.save({"a": torch.ones(1000)}, source)
        source.write_bytes(source.read_bytes()[:2000])
    else:
        source.write_bytes(BROKEN[case])
    with pytest.raises(ModelError) as caught:
        convert(source)
    assert str(source) in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert leftovers(tmp_path) == ["model.pt"]


@SLOW
def test_a_zip_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path):
    source = tmp_path / "model.pt"
    torch.save({"a": torch.zeros(1000)}, source)
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, bytes(1 << 26) if name.endswith("data/0") else data)
    assert source.stat().st_size < 1 << 20
    with pytest.raises(ModelError):
        convert(source)
    assert leftovers(tmp_path) == ["model.pt"]


@SLOW
def test_a_tensor_whose_name_is_a_path_is_refused(tmp_path):
    source = tmp_path / "model.pt"
    torch.save({"../../etc/cron": torch.ones(1)}, source)
    with pytest.raises(ModelError, match="names a tensor"):
        convert(source)


def test_nothing_is_overwritten(tmp_path):
    source = tmp_path / "model.ckpt"
    torch.save({"a": torch.ones(2)}, source)
    target = tmp_path / "model.safetensors"
    target.write_bytes(b"mine")
    with pytest.raises(ModelError, match="is there already"):
        convert(source)
    assert target.read_bytes() == b"mine"
    made = convert(source, tmp_path / "other.safetensors")
    assert made.path.is_file()
    with pytest.raises(ModelError, match="ends in"):
        convert(source, tmp_path / "other.ckpt")
    with pytest.raises(ModelError, match="not a folder"):
        convert(source, tmp_path / "nowhere" / "other.safetensors")


def test_the_process_that_reads_the_pickle_gets_no_token(tmp_path, monkeypatch):
    from dwlab.models import conversion

    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    worker = tmp_path / "env_worker.py"
    worker.write_text("import json, os; print(json.dumps({'error': ' '.join(os.environ)}))")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(conversion, "WORKER", "env_worker")
    source = tmp_path / "model.ckpt"
    torch.save({"a": torch.ones(2)}, source)
    with pytest.raises(ModelError) as caught:
        convert(source)
    assert "PATH" in str(caught.value) and "HF_TOKEN" not in str(caught.value)
