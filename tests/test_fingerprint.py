"""A model's identity is what its files hold."""

from __future__ import annotations

import pytest

from dwlab import fingerprint
from dwlab.catalog import SHAPES_FOLDER

FILES = {
    "model_index.json": '{"_class_name": "DDPMPipeline", "scheduler": ["diffusers", "DDIMScheduler"]}',
    "scheduler/scheduler_config.json": '{"num_train_timesteps": 1000}',
    "unet/weights.safetensors": "w",
    "tokenizer/merges.txt": "a b\n",
    "tokenizer/spiece.model": "s",
    "README.md": "not counted",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "fixed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "fixed"


def test_fingerprints_stay_what_they_were(folder):
    """They are in the keys of all pictures that were ever made."""
    assert fingerprint.of_folder(folder) == "3b1d32e66093520e53a553a517f60d910c7aa5788b3eeeaafe43585e13c03e2e"
    assert fingerprint.of_folder(SHAPES_FOLDER) == "bd2f5aaa6a81bd1155b914a2a2bf9d37d28cbbbdacfff02600ab0d5e5b95badd"
