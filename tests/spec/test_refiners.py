"""Refiners in recipes: what they may say, what keys and pictures have of them."""

from __future__ import annotations

import pytest

from dwlab.errors import InvalidInput
from dwlab.pictures.recipes import Recipe
from dwlab.spec import refiners
from dwlab.spec.key import key_document
from dwlab.spec.params import GenerationParams

CATALOG = {"model": "sdxl-refiner", "from": 0.7, "weights": "ab" * 20}


def refiner_of(value):
    return GenerationParams("a star", refiner=value).refiner


def test_a_name_alone_takes_over_at_the_share_of_the_documentation():
    assert refiner_of("sdxl-refiner") == refiner_of({"model": "sdxl-refiner", "from": 0.8})
    assert refiner_of(None) == refiner_of([]) == ()
    assert refiners.label(refiner_of("sdxl-refiner")) == "sdxl-refiner from 0.8"


def test_rows_have_a_list_that_is_a_recipe_again():
    params = GenerationParams("a star", refiner=CATALOG)
    assert params.as_dict()["refiner"] == [CATALOG]
    assert GenerationParams(**params.as_dict()) == params
    assert "refiner" not in GenerationParams("a star").as_dict()


def test_the_key_has_the_fingerprint_and_the_share_and_not_the_name():
    named = GenerationParams("a star", refiner=CATALOG)
    document = key_document(named, "w" * 8, "float32")
    assert document["refiner"] == [{"from": 0.7, "weights": CATALOG["weights"]}]
    assert "refiner" not in document["params"]
    other = GenerationParams("a star", refiner=CATALOG | {"model": "/models/refiner"})
    assert named.key("w" * 8, "float32") == other.key("w" * 8, "float32")
    alone = GenerationParams("a star")
    assert "refiner" not in key_document(alone, "w" * 8, "float32")


def test_another_model_on_an_axis_forgets_the_fingerprint_of_the_one_before():
    (changed,) = refiners.with_value("refiner", CATALOG, "model", "sdxl")
    assert (changed.model, changed.start, changed.weights) == ("sdxl", 0.7, "")
    (later,) = refiners.with_value("refiner", CATALOG, "from", 0.9)
    assert (later.start, later.weights) == (0.9, CATALOG["weights"])
    with pytest.raises(InvalidInput, match=r"refiner\.from"):
        refiners.with_value("refiner", (), "from", 0.9)


def test_pictures_from_outside_name_models_of_the_catalog_only():
    assert refiners.is_portable([CATALOG])
    for model in ("/models/refiner", "owner/name", "nowhere", 3):
        assert not refiners.is_portable([CATALOG | {"model": model}])
    assert not refiners.is_portable([CATALOG | {"config": "/etc"}])
    params, left_out = Recipe({"prompt": "a star", "refiner": [CATALOG]}).fit("sdxl")
    assert params.refiner == refiner_of(CATALOG) and left_out == []
