"""What the prompt bench offers of a start picture, by the family of the model."""

import json

import pytest

from dwlab.widgets.explore.start_offer import StartOffer, start_offer


@pytest.fixture
def model(tmp_path):
    """Makes the folder of a model of a class, with its index alone."""

    def folder(pipeline):
        (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
        return str(tmp_path)

    return folder


@pytest.mark.parametrize(
    ("pipeline", "off", "default", "note"),
    [
        ("StableDiffusionXLPipeline", [], 0.3, ""),
        ("ChromaPipeline", ["mask", "mask_padding"], 0.9, "takes no mask"),
        ("FluxFillPipeline", ["mask_padding"], None, "needs a start picture and a mask"),
        ("FluxKontextPipeline", ["strength"], None, "without a strength"),
        ("QwenImageEditPipeline", ["strength"], None, "does not draw without a start picture"),
        (
            "CogView4Pipeline",
            ["image", "mask", "strength", "mask_padding"],
            None,
            "makes pictures from a text only",
        ),
    ],
)
def test_fields_that_a_family_does_not_take_are_off_and_it_says_so(
    model, pipeline, off, default, note
):
    offer = start_offer(model(pipeline), masked=False)
    assert (offer.off, offer.default) == (off, default)
    assert note in offer.note


def test_the_usual_strength_is_that_of_the_task():
    assert start_offer("shapes", masked=False).default == 0.8
    assert start_offer("shapes", masked=True).default == 1.0


@pytest.mark.parametrize("model", ["no/such-model", "no such model"])
def test_everything_is_on_for_a_model_that_is_not_known_yet(model):
    assert start_offer(model, masked=False) == StartOffer()
