"""The benchmark of previews, and the figure of them."""

from __future__ import annotations

import pytest
from PIL import Image

import dwlab
from dwlab import shapes
from dwlab.bench import preview_cost, preview_strips, previews


@pytest.fixture(scope="module")
def model():
    return dwlab.load("shapes")


SCENES = [
    shapes.Scene("large", "red", "circle", "center", "white"),
    shapes.Scene("large", "blue", "square", "center", "yellow"),
]


@pytest.mark.slow
def test_early_previews_and_finished_pictures_are_judged_by_their_captions(model):
    shares = previews.named(model, "DDIM", SCENES, 0.3, to_the_end=True)
    assert (shares.previews, shares.finished) == (1.0, 1.0)


def test_the_command_prints_a_line_for_each_scheduler(capsys):
    previews.main(["--captions", "1", "--scheduler", "DDIM", "--share", "0.1", "--rounds", "0"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "both colours named after 10% of the steps:"
    assert [line.split("  ")[0] for line in lines[1:]] == ["DDIM", "all"]


def test_previews_cost_a_part_of_the_steps_with_them(model):
    recipes = [recipe.replace(steps=2) for recipe in previews.recipes_of(SCENES)]
    (cost,) = preview_cost.costs(model, recipes, 1)
    assert 0 < cost.of_previews < cost.with_previews
    assert 0 < cost.share < 1 and cost.without > 0


def test_a_strip_has_a_preview_for_each_share_and_the_finished_picture(model, tmp_path):
    recipes = preview_strips.recipes_of("shapes", ["a red circle"], ["DDIM"], 5)
    (strip,) = preview_strips.strips(model, recipes)
    assert set(strip) == {*preview_strips.SHARES, preview_strips.FINISHED}
    preview_strips.figure_of(recipes, [strip]).savefig(tmp_path / "strip.png")
    with Image.open(tmp_path / "strip.png") as figure:
        assert figure.width > 700
