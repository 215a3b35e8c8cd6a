"""Mutated headers of models in one file: each is taken or refused in words."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from bench.test_files import mutated

from dwlab.errors import DwlabError
from dwlab.models.identity import identify
from dwlab.spec.components import Component

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# enough to be taken for Stable Diffusion 1.5 by its tensors
SHAPES = {
    "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3),
    "first_stage_model.decoder.conv_in.weight": (4, 4),
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,),
}
# the first layer of the embedded model's decoder, and one more
VAE_SHAPES = {
    "decoder.conv_in.weight": (128, 4, 3, 3),
    "decoder.conv_out.bias": (3,),
}


def whole(shapes: dict[str, tuple[int, ...]] = SHAPES) -> bytes:
    """A file that is taken before it loads."""
    entries: dict[str, object] = {"__metadata__": {"modelspec.title": "a title"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2
        for side in shape:
            end = start + (end - start) * side
        entries[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [start, end]}
    return _file(json.dumps(entries).encode(), end)


def mutants(data: bytes, count: int) -> Iterator[bytes]:
    """Headers after one to three changes as JSON, or with other bytes, or files cut short."""
    chance = random.Random(30)
    length = int.from_bytes(data[:8], "little")
    size = len(data) - 8 - length
    for number in range(count):
        if number % 3 == 0:
            document = json.loads(data[8 : 8 + length])
            for _ in range(chance.randint(1, 3)):
                document = mutated(document, chance) or {}
            yield _file(json.dumps(document).encode(), size)
        elif number % 3 == 1:
            changed = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(8 + length)] = chance.randrange(256)
            yield bytes(changed)
        else:
            yield data[: chance.randrange(len(data))]


def identifying(folder: Path, in_words: Callable[[str], bool]) -> Callable[[bytes], bool]:
    """Whether a file would be loaded as a model."""
    return _attempt(folder, in_words, lambda path: identify(path, "cpu"))


def lending(folder: Path, in_words: Callable[[str], bool]) -> Callable[[bytes], bool]:
    """Whether a file would be loaded as the VAE of the embedded model."""
    return _attempt(
        folder,
        in_words,
        lambda path: identify("shapes", "cpu", parts=[Component("vae", path)]),
    )


def _attempt(
    folder: Path, in_words: Callable[[str], bool], take: Callable[[str], object]
) -> Callable[[bytes], bool]:
    path = folder / "trial.safetensors"

    def attempt(data: bytes) -> bool:
        path.write_bytes(data)
        said = ""
        try:
            take(str(path))
        except DwlabError as error:
            said = str(error) or "nothing"
        assert not said or in_words(said), said
        return not said

    return attempt


def _file(header: bytes, size: int) -> bytes:
    return len(header).to_bytes(8, "little") + header + bytes(size)
