"""Headers of safetensors files: taken if the file is what they say, refused in words otherwise."""

from __future__ import annotations

import json
import os

import pytest
import safetensors.torch
import torch
from weightless import safetensors as weightless

from dwlab.errors import ModelError
from dwlab.spec import safetensors_header

GOOD = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


def write(path, entries, data=16, length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + bytes(data))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_tensors_and_words_of_a_real_file_are_read(path):
    tensors = {"a.weight": torch.zeros(2, 3), "b": torch.zeros(4, dtype=torch.bfloat16)}
    safetensors.torch.save_file(tensors, path, {"modelspec.title": "a title"})
    header = safetensors_header.read(path)
    assert header.shape("a.weight") == (2, 3)
    assert header.tensors["b"].dtype == "BF16"
    assert header.size == 2 * 3 * 4 + 4 * 2
    assert header.metadata == {"modelspec.title": "a title"}


LIES = {
    "an empty file": (lambda p: p.write_bytes(b""), "it has 0 bytes"),
    "a Git LFS pointer": (
        lambda p: p.write_text("version https://git-lfs.github.com/spec/v1"),
        "git lfs pull",
    ),
    "a header of many gigabytes": (lambda p: write(p, {}, length=1 << 40), "would have 1,099"),
    "a header longer than the file": (lambda p: write(p, {}, 0, length=500), "within its header"),
    "a header that is not JSON": (lambda p: write(p, b"{not json"), "not JSON"),
    "a deep header": (lambda p: write(p, b"[" * 100_000), "not JSON"),
    "a header that is a list": (lambda p: write(p, []), "not a JSON object"),
    "weights cut short": (
        lambda p: write(p, {"a": GOOD}, 10),
        "6 bytes of its weights are missing",
    ),
    "bytes after the weights": (lambda p: write(p, {"a": GOOD}, 20), "4 bytes after"),
    "an overlap": (
        lambda p: write(p, {"a": GOOD, "b": {**GOOD, "data_offsets": [8, 24]}}, 24),
        "overlap",
    ),
    "a gap": (lambda p: write(p, {"a": {**GOOD, "data_offsets": [4, 20]}}, 20), "gaps"),
    "a shape of another size": (lambda p: write(p, {"a": {**GOOD, "shape": [2, 3]}}), "do not fit"),
    "an overflow": (
        lambda p: write(p, {"a": {**GOOD, "shape": [1 << 62, 1 << 62]}}),
        "do not fit",
    ),
    "an offset beyond all files": (
        lambda p: write(p, {"a": {**GOOD, "data_offsets": [0, 1 << 70]}}),
        "whole numbers",
    ),
    "a negative shape": (lambda p: write(p, {"a": {**GOOD, "shape": [-4, -1]}}), "whole numbers"),
    "an end before its start": (
        lambda p: write(p, {"a": {**GOOD, "data_offsets": [16, 0]}}),
        "the place of a",
    ),
    "an unknown type": (lambda p: write(p, {"a": {**GOOD, "dtype": "PICKLE"}}), "unknown type"),
    "a type that is a list": (lambda p: write(p, {"a": {**GOOD, "dtype": []}}), "unknown type"),
    "an entry that is a text": (lambda p: write(p, {"a": "x"}), "not a map"),
    "a name twice": (
        lambda p: write(p, b'{"a":%b,"a":%b}' % ((json.dumps(GOOD).encode(),) * 2)),
        "twice",
    ),
    "a name that is a path": (lambda p: write(p, {"../../etc/passwd": GOOD}), "names a tensor"),
    "a name with a NUL": (lambda p: write(p, {"a\0": GOOD}), "names a tensor"),
    "a name that colours a terminal": (lambda p: write(p, {"\x1b[31m": GOOD}), "names a tensor"),
    "a very long name": (lambda p: write(p, {"a" * 5000: GOOD}), "names a tensor"),
    "words that are a list": (lambda p: write(p, {"__metadata__": [], "a": GOOD}), "not a map of"),
}


@pytest.mark.parametrize("case", LIES)
def test_a_header_that_lies_is_refused_in_words(path, case):
    make, words = LIES[case]
    make(path)
    with pytest.raises(ModelError, match=words) as caught:
        safetensors_header.read(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_too_many_tensors_are_refused(path, monkeypatch):
    monkeypatch.setattr("dwlab.spec.tensor_header.TENSORS_LIMIT", 3)
    weightless(path, {f"t{number}": (1,) for number in range(4)})
    with pytest.raises(ModelError, match="names 4 tensors; allowed: at most 3"):
        safetensors_header.read(path)


def test_a_pipe_is_refused_at_once(path):
    os.mkfifo(path)
    with pytest.raises(ModelError, match="not a regular file"):
        safetensors_header.read(path)


def test_only_the_header_of_a_huge_file_is_read(path):
    weightless(path, {"a": (1 << 34, 10)})
    assert safetensors_header.read(path).size == 20 << 34
