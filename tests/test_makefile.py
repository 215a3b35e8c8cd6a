"""The Makefile finds a Python that works, and says what to do where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = ("python3.13", "python3.12", "python3.11", "python3")
SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
# A Python that answers questions truly and, asked to make an environment, only says so.
WORKING = f'#!/bin/sh\n[ "$1" = -m ] || exec {sys.executable} "$@"\necho "making it with $(basename "$0")"\nexit 9\n'


@pytest.fixture
def make(tmp_path):
    """Calls make in a copy of the project that has no environment, where the Pythons are the scripts given by name."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()

    def call(*arguments: str, **pythons: str) -> subprocess.CompletedProcess[str]:
        for name in NAMES:
            script = tmp_path / "bin" / name
            script.write_text(pythons.get(name.replace(".", "_"), SHIM))
            script.chmod(0o755)
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {
            k: v
            for k, v in os.environ.items()
            if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}
        }
        return subprocess.run(
            ["make", *arguments],
            cwd=tmp_path,
            env=environment | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_a_shim_that_fails_is_passed_over(make):
    assert "making it with python3.11" in make("setup", python3_11=WORKING, python3=WORKING).stdout


def test_a_named_python_is_the_only_one_tried(make):
    result = make("setup", "PYTHON=python3.12", python3=WORKING)
    assert result.returncode == 2
    assert "tried: python3.12)" in result.stderr


def test_without_a_python_it_says_what_to_do(make):
    result = make("setup")
    assert result.returncode == 2
    assert "tried: python3.13 python3.12 python3.11 python3" in result.stderr
    assert "PYTHON=/path/to/python3" in result.stderr
    assert "command not found" not in result.stderr


def test_help_is_what_a_bare_make_shows(make):
    shown = make().stdout
    assert {"setup", "sweep", "test", "test-all", "lab"} <= set(
        re.findall(r"^  make ([a-z-]+)", shown, re.MULTILINE)
    )


@pytest.mark.parametrize(
    ("target", "commands"),
    [
        ("sweep", ["dwlab sweep experiments/quickstart.yaml"]),
        ("test", ["ruff check .", "mypy", "lint-imports", "pytest"]),
        ("test-all", ["pytest", 'pytest -m "slow and not gpu and not mps"']),
        ("lab", ["jupyter lab"]),
    ],
)
def test_targets_set_up_first_and_then_do_what_they_say(make, target, commands):
    lines = make("-n", target, python3=WORKING).stdout.splitlines()
    places = [
        i
        for command in commands
        for i, line in enumerate(lines)
        if line.startswith(f".venv/bin/{command}")
    ]
    assert len(set(places)) >= len(commands)
    install = next(i for i, line in enumerate(lines) if "pip install" in line)
    assert all(install < place for place in places)
