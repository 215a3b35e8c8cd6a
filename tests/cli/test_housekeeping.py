"""`dwlab list`, `open`, `report`, `rm` and `gc`: a results folder looked at and tidied up."""

from __future__ import annotations

import re
import shutil
import webbrowser

import pytest
from faults.child import toy_model
from results_folders import fill, run_sweep
from typer.testing import CliRunner

from dwlab.cli.app import app
from dwlab.store.experiment_lock import experiment_lock


def dw(*arguments, **options):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    model = str(toy_model(tmp_path_factory.mktemp("model") / "toy"))
    return fill(model, tmp_path_factory.mktemp("filled") / "results")


@pytest.fixture
def root(filled, tmp_path):
    return shutil.copytree(filled, tmp_path / "results")


def lines(root):
    result = dw("list", "--results", root)
    assert result.exit_code == 0
    return [re.split(r"  +", line.strip()) for line in result.stdout.splitlines()]


def test_a_list_has_each_experiment_with_its_cells_size_and_time(root):
    head, first, second = lines(root)
    assert head == ["experiment", "cells", "done", "failed", "size", "last cell"]
    assert first[:4] == ["first", "4", "4", "0"]
    assert second[:4] == ["second", "4", "4", "0"]
    assert re.fullmatch(r"[\d.]+k?B", first[4])
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", first[5])


def test_the_size_counts_pictures_and_the_files_of_the_experiment(root):
    (root / "first/report.html").write_bytes(b"x" * 5_000_000)
    assert lines(root)[1][4] == "5.00MB"


def test_a_folder_without_experiments_lists_none(tmp_path):
    result = dw("list", "--results", tmp_path / "none")
    assert result.exit_code == 0
    assert "no experiment" in result.stdout
    assert not (tmp_path / "none").exists()


def test_a_report_is_made_again_from_what_is_stored(root):
    result = dw("report", "first", "--results", root)
    assert result.exit_code == 0, result.output
    path = root / "first/report.html"
    assert result.stdout.strip() == str(path)
    assert "<title>first</title>" in path.read_text("utf-8")


def test_a_report_does_not_need_the_model(tmp_path):
    model = toy_model(tmp_path / "gone")
    root = tmp_path / "results"
    run_sweep(str(model), root, "orphan", [0, 1])
    shutil.rmtree(model)
    assert dw("report", "orphan", "--results", root).exit_code == 0


@pytest.mark.parametrize("command", ["report", "open"])
def test_a_report_of_what_never_ran_is_refused(command, root):
    result = dw(command, "nosuch", "--results", root)
    assert result.exit_code == 2
    assert "first, second" in result.stderr
    assert not (root / "nosuch").exists()


@pytest.fixture
def browser(monkeypatch):
    """A browser that keeps the addresses it is sent to, as a user may register one."""
    addresses = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url, new=0, autoraise=True):
            addresses.append(url)
            return True

    monkeypatch.setattr(webbrowser, "_tryorder", [])
    monkeypatch.setattr(webbrowser, "_browsers", {})
    webbrowser.register("test", None, Browser("test"), preferred=True)
    return addresses


def test_a_report_opens_in_the_browser_and_is_made_if_it_is_missing(root, browser):
    result = dw("open", "first", "--results", root)
    assert result.exit_code == 0, result.output
    assert browser == [(root / "first/report.html").as_uri()]
    assert (root / "first/report.html").is_file()
    assert result.stdout == ""


def test_without_a_browser_the_path_of_the_report_is_printed(root, monkeypatch):
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    (root / "first/report.html").write_text("as it was")
    result = dw("open", "first", "--results", root)
    assert result.exit_code == 0
    assert result.stdout.strip() == str(root / "first/report.html")
    assert (root / "first/report.html").read_text() == "as it was"


def test_an_experiment_is_removed_after_a_yes(root):
    refused = dw("rm", "first", "--results", root, input="n\n")
    assert refused.exit_code == 1
    assert (root / "first").exists()
    result = dw("rm", "first", "--results", root, input="y\n")
    assert result.exit_code == 0, result.output
    assert "2 pictures" in result.stdout
    assert not (root / "first").exists()
    assert [line[0] for line in lines(root)] == ["experiment", "second"]


def test_an_experiment_is_removed_without_a_question_if_that_is_said(root):
    result = dw("rm", "first", "--yes", "--results", root)
    assert result.exit_code == 0, result.output
    assert "?" not in result.stdout
    assert not (root / "first").exists()


def test_an_experiment_that_runs_cannot_be_removed(root):
    with experiment_lock(root, "first"):
        result = dw("rm", "first", "--yes", "--results", root)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert (root / "first").exists()


def test_garbage_is_only_named_until_yes_is_said(root):
    (root / "dwlab.sqlite").unlink()
    assert dw("rm", "first", "--yes", "--results", root).exit_code == 0
    plan = dw("gc", "--read-back", "--results", root)
    assert plan.exit_code == 0
    assert re.search(r"pictures +6 ", plan.stdout)
    assert "--yes" in plan.stdout
    assert len(list(root.glob("images/*/*.png"))) == 6
    assert "6 cells stay" in dw("gc", "--results", root).stdout
    result = dw("gc", "--read-back", "--yes", "--results", root)
    assert result.exit_code == 0
    assert "removed" in result.stdout
    assert not list(root.glob("images/*/*.png"))
