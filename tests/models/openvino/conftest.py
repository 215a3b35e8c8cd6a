"""A tiny model that OpenVINO computes, converted once for all tests of this folder."""

from __future__ import annotations

import pytest
import tiny

from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.models.settings import Settings


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A tiny Stable Diffusion."""
    path = tmp_path_factory.mktemp("tiny") / "sd"
    tiny.sd().save_pretrained(path)
    return path


@pytest.fixture
def load(folder, monkeypatch, tmp_path_factory):
    """Loads it with any settings, and with conversions kept for all tests."""
    cache = tmp_path_factory.getbasetemp() / "conversions"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    def of(dtype="float32", **settings):
        identity = identify(str(folder), "cpu", dtype, settings=Settings(**settings))
        return loading._load_unchanged(identity)

    return of
