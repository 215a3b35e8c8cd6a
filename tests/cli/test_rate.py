"""`dwlab rate --show` prints what the votes say."""

from __future__ import annotations

import pytest
from rated_folders import rated_folder
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.rating.session import RatingSession


@pytest.fixture
def root(tmp_path):
    return rated_folder(tmp_path / "results")


def show(root, name="rated"):
    return CliRunner().invoke(app, ["rate", name, "--show", "--results", str(root)])


def test_the_votes_are_shown_by_setting_with_agreement_and_fragility(root):
    session = RatingSession(root, "rated")
    for rater in ("ada", "bob"):
        state = session.state(rater)
        for _ in range(6):
            state = session.vote(rater, state.pairs[0].id, "left")
    session.close()
    result = show(root)
    assert result.exit_code == 0
    assert "Liked best: steps" in result.output and "12 votes of 2 raters" in result.output
    assert "95% interval" in result.output and "won" in result.output
    assert "adherence predicts the raters' taste in" in result.output
    assert "ada and bob agree in" in result.output
    assert "would change the order" in result.output


def test_conditions_leave_the_settings_that_are_shown(root):
    session = RatingSession(root, "rated", where=["steps<=5"])
    state = session.state("ada")
    for _ in range(3):
        state = session.vote("ada", state.pairs[0].id, "left")
    session.close()
    result = CliRunner().invoke(
        app, ["rate", "rated", "--show", "--where", "steps<=5", "--results", str(root)]
    )
    assert result.exit_code == 0 and "3 votes of 1 rater" in result.output
    refused = CliRunner().invoke(
        app, ["rate", "rated", "--no-browser", "--where", "stps=5", "--results", str(root)]
    )
    assert refused.exit_code == 2 and "stps" in refused.output


def test_without_votes_it_says_how_to_get_some(root):
    result = show(root)
    assert result.exit_code == 2
    assert "dwlab rate" in result.output and "Traceback" not in result.output


def test_an_experiment_that_never_ran_is_an_error_in_words(root):
    result = show(root, "other")
    assert result.exit_code == 2
    assert "rated" in result.output and "Traceback" not in result.output
