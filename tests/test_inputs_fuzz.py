"""Whatever is in a file or a picture is accepted or refused in words; no other error comes out."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutations import PIECES, png_mutants, yaml_mutants

from dwlab.errors import DwlabError
from dwlab.pictures import parameters_text, recipes
from dwlab.runs.sweep import Sweep
from dwlab.spec import experiment_file
from dwlab.spec.params import GenerationParams

# how many mutants; these take seconds
YAML = 200
PNG = 300


def accepted_or_refused(do, *arguments, **keywords):
    """The result, or None after an error, which must be one of ours with a short text."""
    said = "nothing"
    try:
        return do(*arguments, **keywords)
    except DwlabError as error:
        said = str(error)
    assert 0 < len(said) < 3000 and "Traceback" not in said and "tag:yaml" not in said
    return None


def test_mutants_are_the_same_for_the_same_seed():
    assert (
        list(yaml_mutants(20, seed=3))
        == list(yaml_mutants(20, seed=3))
        != list(yaml_mutants(20, seed=4))
    )
    assert (
        list(png_mutants(20, seed=3))
        == list(png_mutants(20, seed=3))
        != list(png_mutants(20, seed=4))
    )


def test_mutated_experiment_files_are_accepted_or_refused_in_words(tmp_path):
    path, outcomes = tmp_path / "trial.yaml", []
    for data in yaml_mutants(YAML):
        path.write_bytes(data)
        spec = accepted_or_refused(Sweep.from_yaml, path)
        cells = spec and accepted_or_refused(spec.cells, limit=200)
        outcomes.append(bool(cells))
    assert 0.03 < sum(outcomes) / YAML < 0.9, "some are still experiments, most are not"


def test_mutated_pictures_are_accepted_or_refused_in_words():
    outcomes = []
    for data in png_mutants(PNG):
        recipe = accepted_or_refused(recipes.read, data)
        fitted = recipe and accepted_or_refused(recipe.fit, "shapes", lambda _model: "0" * 64)
        assert fitted is None or isinstance(fitted[0], GenerationParams)
        outcomes.append(bool(fitted))
    assert 0.1 < sum(outcomes) / PNG < 0.95, "some still hold a recipe"


texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=8).map("".join)


@given(texts)
def test_any_parameters_text_is_a_recipe_or_is_not(text):
    recipe = recipes.parse(text)
    assert (recipe is None) == (parameters_text.parse(text) is None)
    if recipe:
        accepted_or_refused(recipe.fit, "shapes")


@given(texts)
def test_any_value_on_the_command_line_is_accepted_or_refused_in_words(text):
    for name in ("w", "prompt", "steps"):
        accepted_or_refused(experiment_file.value, name, text)


@given(st.text(max_size=30))
def test_a_value_in_quotes_is_read_as_it_is_written(text):
    with contextlib.suppress(DwlabError):
        quoted = "'" + text.replace("'", "''") + "'"
        if not set(text) & set("\n\r\x85\u2028\u2029"):
            assert experiment_file.value("w", quoted) == text


@pytest.mark.slow
def test_many_more_mutants_are_accepted_or_refused_in_words(tmp_path):
    path = tmp_path / "trial.yaml"
    for data in yaml_mutants(3000, seed=1):
        path.write_bytes(data)
        spec = accepted_or_refused(Sweep.from_yaml, path)
        if spec:
            accepted_or_refused(spec.cells, limit=200)
    for data in png_mutants(6000, seed=1):
        recipe = accepted_or_refused(recipes.read, data)
        if recipe:
            accepted_or_refused(recipe.fit, "shapes")
