"""Help of commands: what one does, examples, then arguments and options in groups, full width."""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # typer has its own copy of click
    from typer._click import Command, Context, HelpFormatter, Parameter

    Entry = tuple[str, str]  # an option or a command, and what it is

EXAMPLES = "Examples:\n"  # begins the last part of a command's docstring
FULL_WIDTH = 10_000  # columns that help may take: as many as the terminal has
ARGUMENTS = "Arguments"
OPTIONS = "Options"
LONGEST = 28  # characters of an option beside which its description begins
UNGROUPED = 8  # options that need no groups
OTHERS = "Other options"  # beside groups with a name


def without_examples(docstring: str) -> str:
    """A command's docstring up to its examples."""
    return inspect.cleandoc(docstring).partition(EXAMPLES)[0].strip()


def examples_in(docstring: str) -> str:
    """The lines of a docstring's examples, one per command; empty if it has none."""
    return inspect.cleandoc(inspect.cleandoc(docstring).partition(EXAMPLES)[2])


class HelpCommand(TyperCommand):
    """A command whose `epilog` is its examples, which stand before its options."""

    def format_usage(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the usage line: arguments, then that there are options."""
        arguments = [name for name, _ in _arguments(self.get_params(ctx))]
        formatter.write_usage(ctx.command_path, " ".join([*arguments, "[OPTIONS]"]))

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what the command does, and its examples."""
        super().format_help_text(ctx, formatter)
        _write_examples(self.epilog, formatter)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write nothing: the examples stand above."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write arguments, and options by their groups."""
        _write_parameters(self.get_params(ctx), formatter)


class HelpGroup(TyperGroup):
    """A group of commands, which stand under headings with the whole of their first sentence."""

    def format_help_text(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what the commands are for, and examples."""
        super().format_help_text(ctx, formatter)
        _write_examples(self.epilog, formatter)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write nothing: the examples stand above."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands, which are what people look for, and then the options."""
        self.format_commands(ctx, formatter)
        _write_parameters(self.get_params(ctx), formatter)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands by their groups."""
        groups: dict[str, list[Entry]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                heading = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(heading, []).append((name, _first_paragraph(command)))
        _write_sections(groups, formatter)


def _first_paragraph(command: Command) -> str:
    return " ".join((command.help or "").partition("\n\n")[0].split())


def _write_parameters(parameters: Sequence[Parameter], formatter: HelpFormatter) -> None:
    _write_sections({ARGUMENTS: list(_arguments(parameters))}, formatter)
    options = [each for each in parameters if isinstance(each, TyperOption) and not each.hidden]
    names = {option.rich_help_panel for option in options if option.rich_help_panel}
    is_grouped = len(options) > UNGROUPED and len(names) > 1
    groups: dict[str | None, list[Entry]] = {}
    for option in options:
        group = option.rich_help_panel if is_grouped else None
        groups.setdefault(group, []).append((_option(option), option.help or ""))
    others = groups.pop(None, [])
    sections = {heading or OPTIONS: entries for heading, entries in groups.items()}
    sections[OTHERS if groups else OPTIONS] = others
    _write_sections(sections, formatter)


def _arguments(parameters: Sequence[Parameter]) -> Iterator[Entry]:
    """The arguments as usage lines have them, and what they are."""
    for parameter in parameters:
        if isinstance(parameter, TyperArgument):
            yield parameter.metavar or parameter.name.upper(), parameter.help or ""


def _option(option: TyperOption) -> str:
    """An option with what stands for its value, like `-o, --output FILE`."""
    # -o before --output
    names = ", ".join(sorted(option.opts, key=lambda name: name.startswith("--")))
    if option.secondary_opts:
        return f"{names} / {', '.join(option.secondary_opts)}"
    return names if option.is_flag else f"{names} {option.metavar or 'TEXT'}"


def _write_examples(text: str | None, formatter: HelpFormatter) -> None:
    if not text:
        return
    with formatter.section(_bold("Examples")):
        for line in text.splitlines():
            formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def _write_sections(sections: dict[str, list[Entry]], formatter: HelpFormatter) -> None:
    """Write entries under their headings, with what they are in one column for all sections."""
    lengths = [len(name) for entries in sections.values() for name, _ in entries]
    column = min(max(lengths, default=0), LONGEST)
    for heading, entries in sections.items():
        if entries:
            with formatter.section(_bold(heading)):
                formatter.write_dl([(_bold(name.ljust(column)), text) for name, text in entries])


def _bold(text: str) -> str:
    """The text in bold for a terminal; what goes elsewhere is plain."""
    is_plain = "NO_COLOR" in os.environ or not sys.stdout.isatty()
    return text if is_plain else typer.style(text, bold=True)
