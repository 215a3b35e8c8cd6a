"""A pipeline's folder is described by its small files."""

from __future__ import annotations

import json

import pytest

from dwlab.errors import ModelError
from dwlab.spec import catalog


@pytest.mark.parametrize(
    "index", [{"scheduler": None}, {"scheduler": "x"}, {"scheduler": ["diffusers"]}, {"vae": 5}, {}]
)
def test_a_folder_with_odd_configs_is_described_as_far_as_possible(tmp_path, index):
    (tmp_path / "vae").mkdir()
    (tmp_path / "vae" / "config.json").write_text('{"block_out_channels": 4}')
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline", **index}))
    entry = catalog.lookup(str(tmp_path))
    assert (entry.family, entry.scheduler, entry.width) == ("flux", None, None)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_folder_with_a_broken_index_is_refused(tmp_path, text):
    (tmp_path / "model_index.json").write_text(text)
    with pytest.raises(ModelError, match=r"model_index\.json"):
        catalog.lookup(str(tmp_path))
