"""Pictures that OpenVINO computes are stock's, or there are none."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest
import torch

from dwlab.bench import timed_calls
from dwlab.errors import InvalidInput, MissingExtra, ModelError
from dwlab.events import Done, Failed
from dwlab.models import adapters, loading
from dwlab.models.identity import identify
from dwlab.models.openvino import library
from dwlab.models.openvino.computing import TOLERANCE
from dwlab.models.settings import Settings, denoiser_of
from dwlab.runs.generation import stream
from dwlab.spec.loras import Lora
from dwlab.spec.params import GenerationParams


@pytest.fixture
def cells(folder):
    """Cells with and without guidance, of two lengths."""
    base = GenerationParams("a red circle", width=16, height=16, model=str(folder))
    return [
        base.replace(steps=steps, scheduler=scheduler, guidance=guidance, seed=seed)
        for steps, scheduler in ((2, "DDIM"), (3, "Euler"))
        for guidance in (1.0, 3.0)
        for seed in (0, 1)
    ]


def pictures(model, cells, **options):
    events = list(stream(cells, model=model, **options))
    errors = [event.error for event in events if isinstance(event, Failed)]
    assert not errors
    return {event.index: event.result for event in events if isinstance(event, Done)}


def test_packed_pictures_are_those_of_the_stock_pipeline_and_have_keys_of_their_own(load, cells):
    stock = load()
    made = pictures(load(backend="openvino"), cells)
    with_torch = pictures(stock, cells[:1])
    for index, params in enumerate(cells):
        expected = timed_calls.stock(stock, [params])[0] * 255
        assert np.abs(np.asarray(made[index].image, float) - expected).max() <= 1
    assert made[0].key != with_torch[0].key
    assert made[0].weights == with_torch[0].weights + "+openvino"
    assert made[0].settings == {"backend": "openvino"}
    assert made[0].machine["openvino"] == importlib.metadata.version("openvino")
    assert "openvino" not in with_torch[0].machine


def test_in_exact_mode_a_cell_is_the_same_to_the_bit_alone_in_company_and_in_any_order(load, cells):
    model = load(backend="openvino")
    together = pictures(model, cells, exact=8)
    backwards = pictures(model, cells[::-1], exact=8)
    for index, params in enumerate(cells):
        assert backwards[len(cells) - 1 - index].png() == together[index].png()
        if index % 3 == 0:
            assert pictures(model, [params], exact=8)[0].png() == together[index].png()


def test_in_bfloat16_answers_are_within_its_tolerance(load):
    denoisers = [denoiser_of(load(**how).pipeline) for how in (
        {}, {"dtype": "bfloat16"}, {"dtype": "bfloat16", "backend": "openvino"}
    )]  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(2, 4, 8, 8, generator=generator)
    prompt = torch.randn(2, 77, 32, generator=generator)
    with torch.inference_mode():
        exact, with_torch, with_openvino = (
            denoiser(sample.to(denoiser.dtype), 500, prompt.to(denoiser.dtype)).sample
            for denoiser in denoisers
        )
    assert with_openvino.dtype == torch.bfloat16
    for answer in (with_torch, with_openvino):
        distance = float((answer - exact).norm() / exact.norm())
        assert 0 < distance <= TOLERANCE["bfloat16"]


def test_a_changed_denoiser_is_not_computed_as_it_was(load):
    model = load(backend="openvino")
    unet = denoiser_of(model.pipeline)
    hook = unet.mid_block.register_forward_hook(lambda *_: None)
    arguments = (torch.zeros(1, 4, 8, 8), 500, torch.zeros(1, 77, 32))
    with pytest.raises(ModelError, match="was changed"):
        unet(*arguments)
    hook.remove()
    unet(*arguments)
    with pytest.raises(ModelError, match="no gradients"):
        unet(arguments[0].requires_grad_(), *arguments[1:])
    arguments[0].requires_grad_(False)
    with torch.no_grad():
        unet.conv_in.bias.add_(1)
    with pytest.raises(ModelError, match="was changed"):
        unet(*arguments)


def test_what_openvino_does_not_heed_is_refused_before_anything_is_loaded(folder, monkeypatch):
    def check(dtype="float32", **settings):
        identify(str(folder), "cpu", dtype, settings=Settings(backend="openvino", **settings))

    with pytest.raises(InvalidInput, match="channels_last"):
        check(channels_last=True)
    with pytest.raises(InvalidInput, match="compile"):
        check(compile="default")
    with pytest.raises(InvalidInput, match="slicing"):
        check(slicing="attention")
    with pytest.raises(InvalidInput, match="dtype"):
        check("float16")
    with pytest.raises(InvalidInput, match="backend"):
        Settings(backend="openvino").check("cuda:0")
    with pytest.raises(InvalidInput, match="backend"):
        Settings(backend="tensorrt")
    monkeypatch.setattr(library.importlib.util, "find_spec", lambda _: None)
    monkeypatch.delitem(library.sys.modules, "openvino", raising=False)
    with pytest.raises(MissingExtra, match=r"dwlab\[openvino\]"):
        check()


def test_a_profile_of_that_name_needs_no_tuning(folder):
    identity = identify(str(folder), "cpu", profile="openvino")
    assert identity.settings == Settings(backend="openvino")
    assert identity.dtype == "float32"
    assert identify(str(folder), "cpu", profile="compile").settings.compile == "default"
    assert loading.identify(str(folder), "cpu").weights + "+openvino" == identity.weights


def test_changes_by_hand_and_adapters_are_refused(folder, load, tmp_path):
    model = loading.load(str(folder), "cpu", profile="openvino")
    model.pipeline.enable_freeu(s1=0.9, s2=0.2, b1=1.2, b2=1.4)
    with pytest.raises(ModelError, match="was changed"):
        loading.as_it_is(model)
    asked = adapters.Asked(loras=(Lora(str(tmp_path / "style.safetensors"), 1.0),))
    with pytest.raises(InvalidInput, match="loras"):
        adapters.find(asked, model.identity)
