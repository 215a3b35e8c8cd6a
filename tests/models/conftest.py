"""What tests of models share."""

from __future__ import annotations

import shutil

import pytest
from hub_fixtures import cache, hub  # noqa: F401  # fixtures

from dwlab.spec.catalog import SHAPES_FOLDER


@pytest.fixture
def pipeline(tmp_path):
    """A copy of the embedded model."""
    return shutil.copytree(SHAPES_FOLDER, tmp_path / "model")
