"""A pytest plugin: the fixture `forge`, one for all tests, as its imports take seconds."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from .harness import Forge

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    if sys.platform != "linux":
        pytest.skip("faults are injected with LD_PRELOAD, which is Linux")
    if not shutil.which("cc"):
        if os.environ.get("CI"):
            pytest.fail("no C compiler (cc) to build tests/faults/io_faults.c with")
        pytest.skip("no C compiler (cc) to build tests/faults/io_faults.c with")
    forge = Forge(tmp_path_factory.mktemp("forge"))
    yield forge
    forge.close()
