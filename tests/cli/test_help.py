"""Help: plain words, groups, full width, and examples that work."""

from __future__ import annotations

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from dwlab.cli.app import app

PLAIN = re.compile(
    r"[A-Z\[][A-Z|:=\[\]]*(\.\.\.)?"
)  # FILE, NAME=VALUE, FILE[:WEIGHT], LAYOUT|FOLDER
ROOT = typer.main.get_command(app)


def commands(group=ROOT, path=()):
    """Each command with the words that call it."""
    for name, command in group.commands.items():
        yield (*path, name), command
        yield from commands(command, (*path, name)) if hasattr(command, "commands") else ()


COMMANDS = dict(commands())


def shown(*words):
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    return result.output


def help_of(words, width=100):
    """The same in a terminal of some width; typer's runner has one of 80 columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        parent = ROOT.make_context("dwlab", [], resilient_parsing=True)
        command = COMMANDS[words]
        context = command.make_context(" ".join(words), [], parent=parent, resilient_parsing=True)
        return command.get_help(context)


def examples_of(command):
    return (command.epilog or "").splitlines()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_the_terminal_and_cuts_no_sentence(words):
    for width in (80, 100, 200):
        text = help_of(words, width)
        assert max(map(len, text.splitlines())) <= width
        assert "..." not in text.replace("FILE...", "").replace("[ARGS]...", "")


def test_help_is_as_wide_as_the_terminal():
    assert max(map(len, help_of(("generate",), 200).splitlines())) > 120


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_options_take_is_said_in_words(words):
    for option in COMMANDS[words].params:
        if option.param_type_name == "argument" or not getattr(option, "is_flag", False):
            assert PLAIN.fullmatch(option.metavar), (option.name, option.metavar)
    text = help_of(words, 100)
    assert not re.search(r"<(int|str|float|path|list)|x>=", text)
    assert "{" not in text.splitlines()[0]


def test_an_option_that_may_be_repeated_says_so():
    text = " ".join(shown("sweep").split())
    assert "the value is YAML. [may be repeated]" in text
    assert "[default: 10000; at least 1]" in text


def test_options_of_a_command_with_many_stand_in_groups():
    text = shown("generate")
    headings = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert headings[:3] == ["Examples", "Arguments", "The picture"]
    assert headings[-1] == "Other options"
    assert "Options" in re.findall(r"^(\S.*):$", shown("doctor"), re.MULTILINE)


def test_the_commands_stand_in_groups_with_their_whole_sentence():
    text = " ".join(shown().split())
    assert "Make pictures: generate" in text
    assert "Take a sweep of somebody else's into the results folder; everything in it" in text


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_examples_that_it_would_take(words):
    command = COMMANDS[words]
    lines = examples_of(command)
    assert lines
    text = help_of(words, 100)
    for line in lines:
        assert f"\n  {line}\n" in text
        arguments = [word for word in shlex.split(line) if not word.startswith("DWLAB_")]
        assert arguments.pop(0) == "dwlab"
        _taken(ROOT, arguments)


def _taken(command, arguments):
    """Parse a command line as far as its last command, which is not run."""
    context = command.make_context("dwlab", list(arguments))
    rest = [*getattr(context, "_protected_args", ()), *context.args]
    if hasattr(command, "commands") and rest:
        _taken(command.commands[rest[0]], rest[1:])
    else:
        assert not rest


def test_without_a_command_five_things_to_do_first_are_shown():
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    steps = re.findall(r"^  (dwlab .*?)  ", result.stdout, re.MULTILINE)
    assert len(steps) == 5
    for step in steps:
        _taken(ROOT, shlex.split(step)[1:])


def test_help_is_plain_where_it_is_not_a_terminal():
    assert "\x1b" not in shown("sweep")
