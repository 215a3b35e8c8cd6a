"""How a server saves memory is said by who starts it, never by a request."""

from __future__ import annotations

import json

import pytest

from dwlab.errors import InvalidInput
from dwlab.server.requests.sweep_request import read_sweep
from dwlab.server.settings import read_settings


def test_a_server_computes_with_the_measures_that_it_is_started_with(monkeypatch):
    assert read_settings({}).compute.memory == ()
    assert read_settings({"memory": ["auto"]}).compute.memory == ("auto",)
    monkeypatch.setenv("DWLAB_MEMORY", "vae_slicing,channels-last")
    assert read_settings({}).compute.memory == ("vae-slicing", "channels-last")
    with pytest.raises(InvalidInput, match="memory is 'much'; allowed: auto, none"):
        read_settings({"memory": ["much"]})


def test_a_request_cannot_choose_how_memory_is_saved(tmp_path):
    body = json.dumps({"name": "x", "base": {"prompt": "a"}, "memory": "auto"}).encode()
    with pytest.raises(InvalidInput, match="memory is 'auto'; allowed: left out"):
        read_sweep(body, is_yaml=False, settings=read_settings({}), root=tmp_path)
