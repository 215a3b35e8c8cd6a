"""CLIP's tokenizer from the vocabulary that ships with dwlab."""

from __future__ import annotations

from dwlab.models import clip_tokenizer
from dwlab.spec.layouts import LAYOUTS


def test_a_text_has_the_token_numbers_that_clip_is_known_for():
    tokenizer = clip_tokenizer.build(LAYOUTS["sd15"].folder / "tokenizer")
    ids = tokenizer("a photo of a cat", padding="max_length", max_length=77).input_ids
    assert ids == [49406, 320, 1125, 539, 320, 2368, 49407] + [49407] * 70
    assert tokenizer("A  Photo of a CAT").input_ids == ids[:7]


def test_the_second_tokenizer_of_sdxl_pads_with_another_token():
    tokenizer = clip_tokenizer.build(LAYOUTS["sdxl"].folder / "tokenizer_2")
    ids = tokenizer("a cat", padding="max_length", max_length=6).input_ids
    assert ids == [49406, 320, 2368, 49407, 0, 0]


def test_all_bytes_have_tokens():
    tokenizer = clip_tokenizer.build(LAYOUTS["sd15"].folder / "tokenizer")
    assert len(tokenizer) == 49408
    text = "héllo wörld 你好 🐈"
    assert tokenizer.decode(tokenizer(text).input_ids[1:-1]).strip() == text
