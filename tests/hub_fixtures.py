"""A hub on this machine and an empty cache, for tests of models of the hub."""

from __future__ import annotations

import pytest
from huggingface_hub import constants
from lookalike_hub import CANARY, REPO, Hub, connect

from dwlab.spec.catalog import SHAPES_FOLDER


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub, and the network allowed; a token that must show nowhere."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", CANARY)
    # the hub waits before it tries again
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    return tmp_path / "hub"


@pytest.fixture
def hub(cache, monkeypatch):
    """A hub on this machine with the embedded model as a repository."""
    with Hub() as hub:
        connect(monkeypatch, hub.url)
        hub.add(REPO, SHAPES_FOLDER)
        yield hub
