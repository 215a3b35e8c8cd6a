"""The documentation's table of families is the one that dwlab has."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.spec import families, families_table
from dwlab.spec.refused_pipelines import REFUSED

DOCS = Path(__file__).parents[2] / "docs" / "families.md"


def test_the_documentation_has_the_table_as_the_command_prints_it():
    result = CliRunner().invoke(app, ["models", "--families", "--markdown"])
    assert result.exit_code == 0
    assert result.stdout == f"{families_table.markdown()}\n"
    assert families_table.markdown() in DOCS.read_text("utf-8")


def test_the_command_lists_every_family_and_every_refused_class():
    printed = CliRunner().invoke(app, ["models", "--families"]).stdout
    names = {family.pipeline for family in families.FAMILIES}
    names |= {refusal.pipeline for refusal in REFUSED}
    assert names <= set(printed.split())
    assert len(families_table.rows()) == len(families.FAMILIES)


def test_a_row_says_what_is_tested_and_what_shares_forwards():
    states = {row[1]: row[4:7] for row in families_table.rows()}
    assert states["StableDiffusionPipeline"][0] == "packed"
    assert states["Krea2Pipeline"] == ("one by one", "", "")
    assert states["OmniGenPipeline"][0] == "untested"
