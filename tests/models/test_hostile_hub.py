"""A hub that offers hostile indexes, configs and shards: all are refused in words, and nothing of them lands elsewhere."""

from __future__ import annotations

import json

import pytest
from hostile import hub_files
from hostile.files import in_words


@pytest.fixture(scope="module")
def offered(tmp_path_factory):
    with hub_files.offered(tmp_path_factory.mktemp("hostile")) as hub:
        yield hub


@pytest.mark.parametrize("name", hub_files.HOSTILE)
def test_hostile_files_of_a_repository_are_refused(offered, name):
    attempt = offered.attempt(name, in_words)
    assert attempt(offered.whole[name]), "the whole one is taken"
    for document in hub_files.HOSTILE[name]:
        assert not attempt(json.dumps(document).encode()), document
