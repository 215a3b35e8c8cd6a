"""The models that have a name: their data, their defaults, and where they went."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dwlab.errors import ModelError
from dwlab.spec import catalog, catalog_table
from dwlab.spec.params import GenerationParams
from dwlab.spec.public_names import public_name

DOCS = Path(__file__).parents[2] / "docs" / "hub.md"
ON_THE_HUB = [entry for entry in (*catalog.CATALOG.values(), *catalog.PARTS.values()) if entry.hub]
# what these names stood for before the catalog was a file: their keys must not change
OLD = {
    "sd15": ("PNDMScheduler", 512, 25, 7.5, 1024),
    "sdxl": ("EulerDiscreteScheduler", 1024, 25, 7.5, 2048),
    "sdxl-turbo": ("EulerAncestralDiscreteScheduler", 512, 1, 0.0, 1024),
}
DEFAULTS = {
    "flux-dev": (28, 3.5),
    "flux2-klein": (4, 1.0),
    "flux2-klein-base": (50, 4.0),
    "z-image": (50, 4.0),
    "z-image-turbo": (9, 0.0),
    "qwen-image": (50, 4.0),
    "krea2-raw": (52, 4.5),
    "krea2-turbo": (8, 0.0),
    "sd3-medium": (28, 7.0),
    "chroma": (35, 5.0),
    "auraflow": (50, 3.5),
    "lumina2": (30, 4.0),
    "sana": (20, 4.5),
}


def test_the_documentation_has_the_table_that_the_command_prints():
    assert catalog_table.markdown() in DOCS.read_text("utf-8")


@pytest.mark.parametrize("entry", ON_THE_HUB, ids=lambda entry: entry.name)
def test_every_entry_is_well_formed(entry):
    assert re.fullmatch(r"[a-z0-9-]+", entry.name)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.source)
    assert entry.revision is None or re.fullmatch("[0-9a-f]{40}", entry.revision)
    assert entry.hub.access in (None, "open", "gated")
    assert entry.source not in catalog.KNOWN.moved, "it has left the hub"
    assert entry.hub.mirror_of is None or catalog.KNOWN.moved[entry.hub.mirror_of] == entry.source


def test_every_class_is_in_diffusers():
    import diffusers

    assert [e.name for e in ON_THE_HUB if not hasattr(diffusers, e.hub.pipeline)] == []


@pytest.mark.parametrize("name", OLD)
def test_the_names_of_old_have_their_old_defaults(name):
    params = GenerationParams("x", model=name)
    entry = catalog.lookup(name)
    assert (params.scheduler, params.width, params.steps, params.guidance, entry.side_max) == OLD[
        name
    ]


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_model_has_the_defaults_of_its_makers(name):
    params = GenerationParams("x", model=name)
    assert (params.steps, params.guidance) == DEFAULTS[name]


def test_models_for_other_tasks_are_not_offered_for_drawing_from_a_text():
    assert {"shapes", "sd15", "flux-schnell", "qwen-image"} <= set(catalog.DRAWING)
    others = {"sd15-inpainting", "sdxl-refiner", "flux-fill", "qwen-image-edit", "sd15-geometry"}
    assert not others & set(catalog.DRAWING)


def test_a_part_is_no_model():
    with pytest.raises(ModelError, match="a part of models: use it in `control:`"):
        catalog.lookup("controlnet-canny-sd15")


def test_an_unknown_name_is_told_with_similar_ones():
    with pytest.raises(ModelError, match=r"`dwlab models` lists.*\(did you mean .*flux-dev"):
        catalog.lookup("flux-dew")


def test_a_repository_that_left_the_hub_has_a_successor():
    runway = "runwayml/stable-diffusion-v1-5"
    assert catalog.successor(runway) == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert catalog.successor("stabilityai/stable-diffusion-2-1").startswith("sd2-community/")
    assert catalog.successor("owner/name") == "owner/name"


def test_a_repository_has_the_catalog_s_name_unless_another_revision_is_asked_for():
    entry = catalog.CATALOG["sdxl"]
    assert public_name(entry.source, "w") == "sdxl"
    assert public_name(f"{entry.source}@{entry.revision}", "w") == "sdxl"
    assert public_name(f"{entry.source}@main", "w") == f"{entry.source}@main"
