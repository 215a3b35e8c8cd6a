"""A loaded model that was changed by hand: seen, told apart by its key or refused, and nobody else's."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import tiny
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import save_file
from transformers import CLIPTokenizer

import dwlab
from dwlab.errors import ModelError
from dwlab.models import alterations, loading
from dwlab.spec.params import GenerationParams

SMALL = {"width": 64, "height": 64, "steps": 1}


def picture(model="shapes"):
    return dwlab.generate("a red circle", model=model, **SMALL)


@pytest.fixture
def model():
    return dwlab.load("shapes")


@pytest.fixture(scope="module")
def plain():
    """The key of the model as it is shipped."""
    return picture().key


@pytest.fixture(scope="module")
def embedding(tmp_path_factory):
    """A word's embedding for the text encoder of `shapes`, in a file as textual inversion saves it."""
    path = tmp_path_factory.mktemp("embedding") / "learned_embeds.safetensors"
    width = dwlab.load("shapes").pipeline.text_encoder.config.hidden_size
    save_file({"<mine>": torch.full((width,), 0.25)}, path)
    return path


def test_a_model_that_is_handed_out_is_nobody_elses(model):
    again = dwlab.load("shapes")
    shared = loading.load_identified(model.identity)
    assert len({id(each.pipeline.unet) for each in (model, again, shared)}) == 3
    with torch.no_grad():
        model.pipeline.unet.conv_out.weight.mul_(3)
    before = picture()
    assert picture(again).png() == before.png()
    assert picture(model).png() != before.png()
    assert picture().png() == before.png()


def add_in_place(pipeline, _):
    with torch.no_grad():
        pipeline.unet.conv_in.weight.add_(0.01)


def change_one_value_in_place(pipeline, _):
    with torch.no_grad():
        pipeline.vae.decoder.conv_out.bias[1] = 0.5


def scale_behind_torchs_counter(pipeline, _):
    """`.data` has a counter of its own."""
    pipeline.unet.mid_block.resnets[0].conv1.weight.data.mul_(1.5)


def merge_an_adapter(pipeline, _):
    """What fusing a LoRA does: the weight becomes another one, a little off."""
    layer = pipeline.unet.mid_block.resnets[0].conv1
    generator = torch.Generator().manual_seed(0)
    layer.weight.data = layer.weight.data + 0.01 * torch.randn(
        layer.weight.shape, generator=generator
    )


def load_other_weights(pipeline, _):
    state = {name: weight * 1.01 for name, weight in pipeline.text_encoder.state_dict().items()}
    pipeline.text_encoder.load_state_dict(state)


def replace_the_decoder(pipeline, _):
    torch.manual_seed(0)
    pipeline.vae = AutoencoderKL.from_config(pipeline.vae.config).eval()


def drop_a_part(pipeline, _):
    pipeline.vae.quant_conv = torch.nn.Identity()


def set_processors(pipeline, _):
    pipeline.unet.set_attn_processor(AttnProcessor())


def slice_attention(pipeline, _):
    pipeline.enable_attention_slicing()


def free_u(pipeline, _):
    pipeline.enable_freeu(s1=0.9, s2=0.2, b1=1.2, b2=1.4)


def tile_the_decoder(pipeline, _):
    pipeline.vae.enable_tiling()


def edit_a_config(pipeline, _):
    pipeline.vae.register_to_config(scaling_factor=0.5)


def learn_a_word(pipeline, embedding):
    pipeline.load_textual_inversion(str(embedding))


def learn_a_word_in_the_tokenizer_alone(pipeline, _):
    pipeline.tokenizer.add_tokens(["<other>"])


def train(pipeline, _):
    pipeline.unet.train()


def edit_the_pipeline(pipeline, _):
    pipeline.vae_scale_factor = 16


def post_process_differently(pipeline, _):
    pipeline.image_processor.register_to_config(do_normalize=False)


TOLD = (
    add_in_place, change_one_value_in_place, scale_behind_torchs_counter, merge_an_adapter, load_other_weights,
    replace_the_decoder, drop_a_part, set_processors, slice_attention, free_u, tile_the_decoder, edit_a_config, learn_a_word,
    learn_a_word_in_the_tokenizer_alone, train, edit_the_pipeline, post_process_differently,
)  # fmt: skip


@pytest.mark.parametrize("change", TOLD, ids=lambda change: change.__name__)
def test_a_change_gives_a_key_of_its_own_that_is_the_same_for_the_same_change(
    change, model, plain, embedding
):
    assert loading.as_it_is(model).identity == model.identity
    weights = []
    for each in (model, dwlab.load("shapes")):
        change(each.pipeline, embedding)
        weights.append(loading.as_it_is(each).identity.weights)
    assert weights[0] == weights[1]
    assert weights[0].startswith(f"{model.identity.weights}+changed-")
    assert GenerationParams("a red circle", **SMALL).key(weights[0], "float32") != plain


def test_pictures_of_a_changed_model_say_so(model, plain, tmp_path):
    add_in_place(model.pipeline, None)
    made = picture(model)
    assert made.key != plain and "+changed-" in made.weights
    assert picture().key == plain
    streamed = [
        event.result for event in dwlab.stream([made.params], model=model) if event.kind == "done"
    ]
    assert [result.key for result in streamed] == [made.key]
    add_in_place(model.pipeline, None)
    assert picture(model).key != made.key, "once more is another change"


def test_a_change_that_is_taken_back_gives_the_models_own_pictures(model, plain):
    model.pipeline.enable_freeu(s1=0.9, s2=0.2, b1=1.2, b2=1.4)
    assert picture(model).key != plain
    for layer in model.pipeline.unet.up_blocks:  # disable_freeu leaves them at None
        for factor in ("s1", "s2", "b1", "b2"):
            delattr(layer, factor)
    assert picture(model).key == plain


@pytest.mark.slow
def test_the_same_change_has_the_same_key_in_another_process(model):
    code = """
    import torch, dwlab
    from dwlab.models.loading import as_it_is
    model = dwlab.load("shapes")
    with torch.no_grad():
        model.pipeline.unet.conv_in.weight.add_(0.01)
    model.pipeline.enable_freeu(s1=0.9, s2=0.2, b1=1.2, b2=1.4)
    print(as_it_is(model).identity.weights)
    """
    add_in_place(model.pipeline, None)
    free_u(model.pipeline, None)
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == loading.as_it_is(model).identity.weights


def test_weights_are_read_once_for_a_change(model, monkeypatch):
    add_in_place(model.pipeline, None)
    first = loading.as_it_is(model).identity
    monkeypatch.setattr(alterations, "_digest", None)
    assert loading.as_it_is(model).identity == first


def test_tokenizers_of_the_same_size_are_told_apart(model):
    """By their words, not by how the last call cut its text."""
    weights = []
    for first, last in (("a", "b"), ("a", "b"), ("b", "a")):
        vocabulary = {first: 0, last: 1, "<|startoftext|>": 2, "<|endoftext|>": 3}
        tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
        if len(weights) == 1:
            tokenizer("a b", truncation=True, max_length=3, padding="max_length")
        model.pipeline.tokenizer = tokenizer
        weights.append(loading.as_it_is(model).identity.weights)
    assert weights[0] == weights[1] != weights[2]


def test_another_scheduler_is_asked_for_in_the_parameters(model):
    model.pipeline.scheduler = EulerDiscreteScheduler.from_config(model.pipeline.scheduler.config)
    with pytest.raises(ModelError, match="scheduler='EulerDiscreteScheduler', scheduler_options"):
        picture(model)


def test_another_setting_of_the_scheduler_is_asked_for_in_the_parameters(model):
    model.pipeline.scheduler.register_to_config(timestep_spacing="leading")
    with pytest.raises(ModelError, match="the scheduler of the loaded model was changed"):
        next(dwlab.stream([GenerationParams("x")], model=model))


def test_another_dtype_is_asked_for_when_loading(model):
    model.pipeline.to(dtype=torch.bfloat16)
    with pytest.raises(
        ModelError,
        match=r"was moved \(from cpu, torch.float32 to cpu, torch.bfloat16\).*dtype=\.\.\.",
    ):
        picture(model)


class Louder(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, *args, **kwargs):
        return 2 * self.inner(*args, **kwargs)


class MyProcessor(AttnProcessor):
    """Somebody's own attention."""


def wrap_a_layer(pipeline):
    pipeline.unet.conv_in = Louder(pipeline.unet.conv_in)


def own_processor(pipeline):
    pipeline.unet.set_attn_processor(MyProcessor())


def hook(pipeline):
    pipeline.unet.register_forward_hook(lambda _module, _inputs, output: output)


def hook_before_a_layer(pipeline):
    pipeline.unet.conv_in.register_forward_pre_hook(lambda _module, _inputs: None)


def replace_a_forward(pipeline):
    pipeline.vae.decoder.forward = lambda *_args, **_kwargs: None


@pytest.mark.parametrize(
    "change",
    [wrap_a_layer, own_processor, hook, hook_before_a_layer, replace_a_forward],
    ids=lambda change: change.__name__,
)
def test_code_that_no_key_can_tell_is_refused(change, model):
    change(model.pipeline)
    with pytest.raises(ModelError, match=r"computes with code of your own .* load the model again"):
        picture(model)


@pytest.mark.parametrize("family", ["sd", "sdxl", "sd3", "flux"])
def test_drawing_changes_nothing(family, tmp_path):
    getattr(tiny, family)().save_pretrained(tmp_path / family)
    model = dwlab.load(str(tmp_path / family))
    for pack in (None, 1):
        events = dwlab.stream(
            [GenerationParams("a star", model=model.identity.name, **SMALL)], model=model, pack=pack
        )
        assert [event.error for event in events if event.kind == "failed"] == []
    with torch.no_grad():
        model.pipeline("a star", num_inference_steps=1, width=64, height=64)
    assert loading.as_it_is(model) is model
