"""Headers of GGUF files, beside those that the gguf library writes."""

from __future__ import annotations

import random
import struct

import gguf
import numpy as np
import pytest

from dwlab.errors import ModelError
from dwlab.spec import gguf_header


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.gguf"
    writer = gguf.GGUFWriter(path, "flux")
    writer.add_string("general.name", "a name")
    writer.add_array("words", ["a", "b"])
    writer.add_array("numbers", [1, 2, 3])
    writer.add_tensor("plain", np.zeros((2, 3), np.float32))
    packed = gguf.quantize(np.zeros((4, 64), np.float32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("packed", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_tensors_and_words_of_a_real_file_are_read(path):
    header = gguf_header.read(path)
    assert header.shape("plain") == (2, 3)
    assert header.shape("packed") == (4, 64)
    assert header.tensors["packed"].dtype == "Q8_0"
    assert header.tensors["packed"].size == 4 * 2 * 34
    assert header.metadata["general.name"] == "a name"


def test_sizes_of_types_are_those_of_the_gguf_library():
    for number, (name, values, size) in gguf_header._TYPES.items():
        kind = gguf.GGMLQuantizationType(number)
        assert (kind.name, *gguf.GGML_QUANT_SIZES[kind]) == (name, values, size)


def test_a_file_cut_short_anywhere_is_refused(path):
    whole = path.read_bytes()
    cuts = random.Random(7).sample(range(len(whole) - 32), 60)
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(ModelError, match="not a whole GGUF file"):
            gguf_header.read(path)


def test_a_file_of_random_changes_is_read_or_refused(path):
    whole = path.read_bytes()
    numbers = random.Random(8)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(3):
            data[numbers.randrange(200)] = numbers.randrange(256)
        path.write_bytes(data)
        try:
            gguf_header.read(path)
        except ModelError as error:
            assert len(str(error)) < 1000  # noqa: PT017  # either way is right


@pytest.mark.parametrize(
    ("counts", "words"),
    [((1 << 60, 0), "names"), ((0, 1 << 60), "entries of metadata")],
)
def test_counts_beyond_all_models_are_refused(path, counts, words):
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, *counts))
    with pytest.raises(ModelError, match=words):
        gguf_header.read(path)
