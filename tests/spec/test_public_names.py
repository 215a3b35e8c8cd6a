"""What a model is called in recipes and in benchmark files."""

from __future__ import annotations

import pytest
from faults.child import toy_model

from dwlab.spec.catalog import SHAPES_FOLDER
from dwlab.spec.public_names import name_without_path, public_name

WEIGHTS = "0123456789abcdef"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("sd15", "sd15"),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "sd15"),
        (str(SHAPES_FOLDER), "shapes"),
        ("owner/other", "owner/other"),
    ],
)
def test_a_model_has_one_name_in_recipes_however_it_was_named(model, name):
    assert public_name(model, WEIGHTS) == name


def test_a_folder_is_called_by_its_fingerprint_in_recipes(tmp_path):
    folder = toy_model(tmp_path / "toy")
    assert public_name(str(folder), WEIGHTS) == "0123456789"


def test_a_folder_has_no_path_in_benchmark_files(tmp_path):
    folder = toy_model(tmp_path / "toy")
    assert name_without_path(str(folder)) == "toy"
    assert name_without_path("sd15") == "sd15"
    assert name_without_path("owner/other") == "owner/other"
