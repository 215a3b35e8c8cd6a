"""Kernels from the hub are code that is downloaded and run: only with the user's word, and rows say so."""

from __future__ import annotations

import json

import pytest

import dwlab
from dwlab.errors import ModelError
from dwlab.models import hub_kernels
from dwlab.models.identity import identify
from dwlab.models.versions import versions


@pytest.mark.parametrize(
    ("name", "value"),
    [("DIFFUSERS_ATTN_BACKEND", "_flash_3_hub"), ("DIFFUSERS_GGUF_CUDA_KERNELS", "True")],
)
def test_a_variable_that_would_fetch_them_needs_the_users_word(monkeypatch, name, value):
    monkeypatch.delenv(hub_kernels.FLAG, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(ModelError, match=f"{name} is '{value}', .* or set DWLAB_HUB_KERNELS=1"):
        identify("shapes", "cpu")
    monkeypatch.setenv(hub_kernels.FLAG, "1")
    identify("shapes", "cpu")
    assert versions()["hub kernels"] == f"{name}={value}"


@pytest.mark.parametrize("backend", ["native", "flash"])
def test_kernels_that_are_here_already_need_none(monkeypatch, backend):
    monkeypatch.setenv("DIFFUSERS_ATTN_BACKEND", backend)
    monkeypatch.setenv("DIFFUSERS_GGUF_CUDA_KERNELS", "false")
    identify("shapes", "cpu")
    assert "hub kernels" not in versions()


def test_rows_say_that_they_were_allowed(monkeypatch, tmp_path):
    monkeypatch.setenv(hub_kernels.FLAG, "1")
    base = {"prompt": "a star", "steps": 1, "width": 64, "height": 64}
    table = dwlab.Sweep(name="kernels", base=base, axes={"seed": [0]}).run(tmp_path)
    assert json.loads(table["versions"][0])["hub kernels"] == "allowed"
