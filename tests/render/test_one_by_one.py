"""Families that are made one picture at a time: equal to stock calls, with rough pictures, and ended at once."""

from __future__ import annotations

import logging

import pytest
import tiny_one_by_one
from family_pictures import (
    NEEDING_TORCHVISION,
    ONE_BY_ONE,
    PACKED,
    PAG,
    built,
    check_rough_pictures_of_one_that_is_left,
    difference,
    marked,
)

from dwlab.errors import ModelError
from dwlab.models import loading
from dwlab.spec import families


@pytest.mark.parametrize("name", marked([*ONE_BY_ONE, *NEEDING_TORCHVISION]))
def test_a_picture_is_that_of_the_plain_stock_call_and_the_log_says_one_by_one(
    family, name, caplog
):
    drawn = family(name)
    with caplog.at_level(logging.WARNING):
        pictures = drawn.made(drawn.cells)
    for picture, expected in zip(pictures, drawn.stock_pictures, strict=True):
        assert difference(picture.image, expected) <= 1
    assert len({picture.tobytes() for picture in drawn.stock_pictures}) == len(drawn.cells)
    assert f"because {type(drawn.model.pipeline).__name__} was never tried" in caplog.text


@pytest.mark.parametrize("name", marked([*ONE_BY_ONE, *NEEDING_TORCHVISION]))
def test_a_picture_shows_itself_while_it_forms_and_can_be_left_without_harm(
    family, name, monkeypatch
):
    check_rough_pictures_of_one_that_is_left(family(name), monkeypatch)


def test_every_family_that_the_table_calls_tested_is_tested_and_no_other():
    names = {*PACKED, *PAG, *ONE_BY_ONE} - {"prx"}
    tested = {type(built(name)).__name__ for name in names} | {"PRXPipeline"}
    in_table = {entry.pipeline for entry in families.FAMILIES if "text" in entry.tested}
    assert in_table == tested


def test_a_prior_and_a_decoder_load_nothing_that_their_readme_names(tmp_path):
    folder = tmp_path / "kandinsky"
    tiny_one_by_one.kandinsky22().save_pretrained(folder)
    (folder / "README.md").write_text("---\nprior:\n- owner/another-model\n---\n")
    model = loading.load(str(folder), "cpu")
    assert type(model.pipeline)._load_connected_pipes
    assert model.pipeline.prior_prior.config.embedding_dim == 32


def test_a_missing_package_of_a_family_is_named_with_its_command(tmp_path, monkeypatch):
    folder = tmp_path / "omnigen"
    folder.mkdir()
    (folder / "model_index.json").write_text('{"_class_name": "OmniGenPipeline"}')
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="OmniGenPipeline needs torchvision: `pip install torchv"):
        loading.load(str(folder), "cpu")
