"""A sample of pictures: random by its seed, with some of each model."""

from __future__ import annotations

from collections import Counter

import pytest

from dwlab.workflows.certificate.sample import stratified


def keys(**counts):
    return {
        f"{model}-{number}": model for model, count in counts.items() for number in range(count)
    }


@pytest.mark.parametrize(
    ("counts", "size", "shares"),
    [
        ({"a": 900, "b": 90, "c": 10}, 20, {"a": 16, "b": 3, "c": 1}),
        ({"a": 998, "b": 1, "c": 1}, 3, {"a": 1, "b": 1, "c": 1}),
        ({"a": 5, "b": 7}, 2, {"a": 1, "b": 1}),
        ({"a": 5, "b": 7}, 1, {"b": 1}),
        ({"a": 5, "b": 7}, 12, {"a": 5, "b": 7}),
        ({"a": 5, "b": 7}, 100, {"a": 5, "b": 7}),
        ({"a": 5}, 0, {}),
        ({}, 20, {}),
    ],
)
def test_every_model_has_its_share_and_at_least_one_picture(counts, size, shares):
    models = keys(**counts)
    chosen = stratified(models, size, seed=0)
    assert Counter(models[key] for key in chosen) == shares
    assert len(set(chosen)) == len(chosen)


def test_a_seed_always_chooses_the_same_whatever_the_order_of_the_rows():
    models = keys(a=200, b=20)
    backwards = dict(reversed(models.items()))
    assert stratified(models, 20, seed=3) == stratified(backwards, 20, seed=3)
    assert stratified(models, 20, seed=3) != stratified(models, 20, seed=4)


def test_all_pictures_are_chosen_about_equally_often():
    models = keys(a=40, b=10)
    times = Counter(key for seed in range(400) for key in stratified(models, 10, seed))
    assert len(times) == 50
    assert min(times.values()) > 40 and max(times.values()) < 130
