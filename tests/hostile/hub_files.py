"""Mutated small files of a repository on the hub: each is taken or refused in words, and lands nowhere but in the cache."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import tiny
from bench.test_files import mutated
from huggingface_hub import constants
from lookalike_hub import CANARY, Hub, connect

from dwlab.errors import DwlabError
from dwlab.models.identity import identify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INDEX = "model_index.json"
CONFIG = "unet/config.json"
SHARDS = "unet/diffusion_pytorch_model.safetensors.index.json"
KINDS = {
    INDEX: "indexes of hub models (model_index.json)",
    CONFIG: "configs of hub models (config.json)",
    SHARDS: "shards of hub models (safetensors.index.json)",
}
# what nobody would write by accident
HOSTILE = {
    INDEX: (
        {"_class_name": "StableDiffusionPipeline", "unet": ["os", "system"]},
        {"_class_name": ["evil", "Pipeline"], "unet": ["diffusers", "UNet2DConditionModel"]},
        {"_class_name": "StableDiffusionPipeline", "../../unet": ["diffusers", "UNet2DConditionModel"]},
        {"_class_name": "StableDiffusionPipeline", "unet": ["pipeline", "Evil"]},
        {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", {"evil": []}]},
        {"_class_name": "StableDiffusionPipeline", "unet": [["diffusers"], "UNet2DConditionModel"]},
    ),
    CONFIG: (
        {"_class_name": "UNet2DConditionModel", "block_out_channels": [10**9] * 4},
        {"_class_name": "UNet2DConditionModel", "layers_per_block": 10**9},
    ),
    SHARDS: (
        {"weight_map": {"a": "../../../../outside.safetensors"}},
        {"weight_map": {"a": "/outside.safetensors"}},
        {"weight_map": {"a": "pytorch_model.bin"}},
        {"weight_map": {"a": "https://example.org/a.safetensors"}},
    ),
}  # fmt: skip


@dataclass
class Offered:
    """A repository of a tiny model on a hub of this machine. refused: texts of all refusals."""

    hub: Hub
    whole: dict[str, bytes]
    root: Path
    trials: int = 0

    def attempt(self, name: str, in_words: Callable[[str], bool]) -> Callable[[bytes], bool]:
        """Whether a model is taken with other bytes in one of its files, each in a new repository."""

        def attempt(data: bytes) -> bool:
            self.trials += 1
            repository = f"owner/trial-{self.trials}"
            self.hub.repositories[repository] = self.whole | {name: data}
            refusal = ""
            try:
                identify(repository, "cpu")
            except DwlabError as error:
                refusal = str(error) or "nothing"
            del self.hub.repositories[repository]
            assert CANARY not in refusal
            assert not refusal or in_words(refusal), refusal
            assert {path.name for path in self.root.iterdir()} == {"cache", "model"}
            return not refusal

        return attempt


@contextmanager
def offered(folder: Path) -> Iterator[Offered]:
    """A hub with a tiny model whose denoiser is in several files, and an empty cache."""
    root = folder / "hub"
    (root / "cache").mkdir(parents=True)
    pipeline = tiny.sd()
    pipeline.save_pretrained(root / "model")
    (root / "model/unet/diffusion_pytorch_model.safetensors").unlink()
    pipeline.unet.save_pretrained(root / "model/unet", max_shard_size="300KB")
    with pytest.MonkeyPatch.context() as patch, Hub() as hub:
        patch.setattr(constants, "HF_HUB_CACHE", str(root / "cache"))
        patch.setenv("HF_TOKEN", CANARY)
        # the hub waits before it tries again
        patch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
        patch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
        connect(patch, hub.url)
        hub.add("owner/whole", root / "model")
        yield Offered(hub, hub.repositories.pop("owner/whole"), root)


def mutants(name: str, data: bytes, count: int) -> Iterator[bytes]:
    """Hostile files, then those with one to three changes as JSON, other bytes, or a missing end."""
    yield from (json.dumps(document).encode() for document in HOSTILE[name])
    chance = random.Random(30)
    for number in range(count):
        if number % 3 == 0:
            document = json.loads(data)
            for _ in range(chance.randint(1, 3)):
                document = mutated(document, chance)
            yield json.dumps(document).encode()
        elif number % 3 == 1:
            changed = bytearray(data)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(len(data))] = chance.randrange(256)
            yield bytes(changed)
        else:
            yield data[: chance.randrange(len(data))]
