"""Latents as pipelines pack them are unpacked into the planes that their decoders take."""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import tiny_families
import tiny_one_by_one
import torch

from dwlab.render import latents, projection


def pictures(width=32, height=16):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, height, width, generator=generator) * 2 - 1


@pytest.mark.parametrize("name", ["flux", "chroma", "ovis"])
def test_patches_of_the_flux_kind_are_the_planes_that_were_packed(name):
    pipeline = (getattr(tiny_families, name, None) or getattr(tiny, name))()
    encoded = latents.encode(pipeline, pictures())
    _, channels, height, width = encoded.shape
    packed = pipeline._pack_latents(encoded, 1, channels, height, width)
    assert torch.equal(latents.planes(packed[0], pipeline, aspect=2.0), encoded[0])


def test_patches_of_qwen_image_are_the_planes_that_were_packed():
    pipeline = tiny_families.qwen_image()
    pipeline.vae.register_to_config(latents_mean=[0.5] * 4, latents_std=[2.0] * 4)
    encoded = latents.encode(pipeline, pictures())
    _, channels, height, width = encoded.shape
    packed = pipeline._pack_latents(encoded[:, :, None], 1, channels, height, width)
    assert torch.equal(latents.planes(packed[0], pipeline, aspect=2.0), encoded[0])
    raw = pipeline.vae.encode(pictures()[:, :, None]).latent_dist.mode()[:, :, 0]
    assert torch.allclose(encoded, (raw - 0.5) / 2)


def test_normalized_patches_of_flux2_are_the_planes_that_were_packed():
    pipeline = tiny_families.klein()
    norm = pipeline.vae.bn
    norm.running_mean += 0.3
    norm.running_var *= 4
    encoded = latents.encode(pipeline, pictures())
    deviation = (norm.running_var + pipeline.vae.config.batch_norm_eps).sqrt()
    patches = pipeline._patchify_latents(encoded)
    normalized = (patches - norm.running_mean[:, None, None]) / deviation[:, None, None]
    packed = pipeline._pack_latents(normalized)
    planes = latents.planes(packed[0], pipeline, aspect=2.0)
    assert torch.allclose(planes, encoded[0], atol=1e-5)


def test_planes_of_sana_are_in_the_scale_of_its_deep_compression_decoder():
    pipeline = tiny_families.sana()
    encoded = latents.encode(pipeline, pictures(32, 32))
    raw = pipeline.vae.encode(pictures(32, 32)).latent
    assert torch.allclose(encoded, raw * pipeline.vae.config.scaling_factor)
    assert torch.equal(latents.planes(encoded[0], pipeline, aspect=1.0), encoded[0])


def test_pixels_are_their_own_rough_picture():
    pipeline = tiny.deepfloyd()
    assert np.allclose(projection.fit(pipeline), projection.PIXELS)


def test_stable_cascade_divides_by_the_scale_of_its_decoder():
    pipeline = tiny_one_by_one.stable_cascade()
    encoded = latents.encode(pipeline, pictures(64, 64))
    raw = pipeline.vqgan.encode(pictures(64, 64)).latents
    assert torch.allclose(encoded, raw / pipeline.vqgan.config.scale_factor)


def test_tokens_of_another_form_have_no_planes():
    pipeline = tiny.flux()
    assert latents.planes(torch.zeros(4, 6), pipeline, aspect=1.0) is None
    assert latents.planes(torch.zeros(4, 4, 4), pipeline, aspect=1.0) is None
    assert latents.planes(torch.zeros(7), tiny.sd(), aspect=1.0) is None
