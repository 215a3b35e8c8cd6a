"""transformers and diffusers can be imported by several threads at once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# a package that replaces itself, as they do; it loads until another thread has begun to import it
PACKAGE = """
import sys, threading, types, gate
gate.is_loading.set()
threading.Event().wait(0.5)

class Lazy(types.ModuleType):
    def __getattr__(self, name):
        if name == "AutoTokenizer":
            return "found"
        raise AttributeError(name)

sys.modules[__name__] = Lazy(__name__)
"""
TOGETHER = """
import importlib, threading, dwlab, gate

def load():
    import PACKAGE

loading = threading.Thread(target=load)
loading.start()
gate.is_loading.wait()
from PACKAGE import AutoTokenizer
loading.join()
assert AutoTokenizer == importlib.import_module("PACKAGE").AutoTokenizer == "found"
try:
    from PACKAGE import Missing
except ImportError as error:
    print(error)
"""
IN_THREADS = """
import sys, threading, time
from dwlab.models import loading, tokens

errors = []

def run(work, seconds):
    time.sleep(seconds)
    try:
        work()
    except Exception as error:
        errors.append(error)

def count():
    tokens.count_tokens("shapes", "a red circle")

before_count, before_load = map(float, sys.argv[1:])
counting = threading.Thread(target=run, args=(count, before_count))
counting.start()
run(loading.load, before_load)
counting.join()
print(errors)
"""


def printed(code, *arguments, path=()):
    """What code prints in a new process."""
    paths = os.pathsep.join([*map(str, path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", ["transformers", "diffusers.loaders"])
def test_a_package_that_another_thread_loads_is_had_as_a_whole(tmp_path, package):
    folder = tmp_path.joinpath(*package.split("."))
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").write_text(PACKAGE)
    (tmp_path / "gate.py").write_text("import threading\nis_loading = threading.Event()\n")
    assert "cannot import name 'Missing'" in printed(
        TOGETHER.replace("PACKAGE", package), path=[tmp_path]
    )


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [("0", "0"), ("0.3", "0"), ("0", "0.3"), ("1", "0")])
def test_tokens_are_counted_while_a_model_loads(seconds):
    assert printed(IN_THREADS, *seconds).splitlines()[-1] == "[]"
