"""The commands of `dwlab bench gpu` are ones that dwlab has, and fit into the minutes that are promised."""

from __future__ import annotations

import pytest
from typer.main import get_command

from dwlab.bench.gpu.parts import TESTS, parts_of
from dwlab.bench.spec import BenchSpec
from dwlab.cli.app import app


def parsed(words):
    """The command that words name, once its options are accepted."""
    command, rest = get_command(app), list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest)
    return command.name


@pytest.mark.parametrize("rehearse", [False, True])
def test_each_part_is_a_command_with_options_that_exist(tmp_path, rehearse):
    parts = parts_of(tmp_path, "cuda", rehearse=rehearse)
    assert len({part.name for part in parts}) == len(parts)
    for part in parts:
        program, *words = part.words
        if program == "pytest":
            assert any(word.startswith(str(TESTS)) for word in words)
        else:
            assert program == "dwlab" and parsed(words) in {"engine", "run", "serve", "tune"}
        for word in words:
            if word.endswith(".yaml"):
                assert BenchSpec.from_yaml(word).configurations(["cuda"])


def test_each_part_fits_into_a_call(tmp_path):
    assert max(part.limit for part in parts_of(tmp_path, "cuda")) < 8 * 60
