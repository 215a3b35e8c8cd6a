"""A method that calls the pipeline makes the stock picture with every kind of model and task."""

from __future__ import annotations

import pytest
from five_methods import stock
from side_by_side import made
from start_pictures import difference, half_mask, noise_picture

import dwlab
from dwlab.models import loading
from dwlab.spec.params import GenerationParams

pytestmark = pytest.mark.slow


@dwlab.method
def latents(pipe, cell):
    """Leaves the decoding to dwlab."""
    return pipe(**cell.stock(output_type="latent")).images


def check(model, cells, expected, method, **options):
    """The method's pictures among stock cells are the expected ones, as these are."""
    own = [cell.replace(method=method) for cell in cells]
    pictures = made([*own, *cells], model=model, **options)
    differences = [
        difference(picture.image, stock_picture)
        for picture, stock_picture in zip(pictures, [*expected, *expected], strict=True)
    ]
    assert max(differences) <= 1, differences


# U-Nets, transformers, and pixels without a decoder, whose scheduler draws
@pytest.mark.parametrize("name", ["sdxl", "flux", "deepfloyd"])
def test_of_each_kind_of_model(family, name):
    one = family(name)
    cells, expected = one.cells[:2], one.stock_pictures[:2]
    for method in (stock, latents):
        check(one.model, cells, expected, method)
        check(one.model, cells, expected, method, pack=1)


@pytest.mark.parametrize("name", ["sdxl", "flux"])
def test_in_exact_mode_company_changes_no_byte(family, name):
    one = family(name)
    own = one.cells[1].replace(method=stock)
    together = made([*one.cells[:3], own], model=one.model, exact=8)
    (alone,) = made([own], model=one.model, exact=8)
    assert alone.png() == together[3].png()


def test_with_a_start_picture_and_a_mask():
    model = loading.load("shapes", "cpu")
    image = noise_picture(0, (64, 64))
    base = {"prompt": "a red circle", "width": 64, "height": 64, "steps": 4, "strength": 0.5}
    cells = [
        GenerationParams(**base, image=image, mask=mask, seed=1)
        for mask in (None, half_mask(0, (64, 64)))
    ]
    expected = [picture.image for picture in made(cells, model=model, pack=1)]
    check(model, cells, expected, stock)
    check(model, cells, expected, stock, pack=1)
