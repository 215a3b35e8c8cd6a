"""A server for all tests that need no settings of their own: starting one takes seconds."""

from __future__ import annotations

import pytest
from served import Served

SECRET = "hf_" + "CanaryCanaryCanaryCanary1234567890"


@pytest.fixture(scope="session")
def secret():
    """A secret in the environment of the shared server."""
    return SECRET


@pytest.fixture(scope="session")
def server(tmp_path_factory, secret):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_TOKEN", secret)
        with Served(tmp_path_factory.mktemp("served"), max_images=4) as server:
            yield server
