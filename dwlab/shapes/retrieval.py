"""How well a small CLIP finds the caption of a picture: `python -m dwlab.shapes.retrieval`.

Two tasks on fresh renderings: the right one among 256 captions of unlike scenes, and among the
captions that change one attribute of the right one (1 size, 6 or 7 colours, 7 shapes, 4 positions,
6 backgrounds).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import CLIPModel, CLIPProcessor

from . import CLIP
from .captions import full_caption
from .world import CHOICES, Scene, draw, random_scene

if TYPE_CHECKING:
    from PIL import Image


class Scorer:
    """A CLIP, by default the shipped one, that scores captions against pictures."""

    def __init__(self, folder: Path = CLIP):
        self.model = CLIPModel.from_pretrained(folder, use_safetensors=True).eval()
        self.processor = CLIPProcessor.from_pretrained(folder)

    def scores(self, captions: list[str], pictures: list[Image.Image]) -> torch.Tensor:
        """Cosine similarity, scaled as in training, of each picture (row) with each caption (column)."""
        inputs = self.processor(text=captions, images=pictures, return_tensors="pt", padding=True)
        with torch.inference_mode():
            scores: torch.Tensor = self.model(**inputs).logits_per_image
        return scores


def among_many(scorer: Scorer, rng: np.random.Generator, count: int = 256) -> dict[str, float]:
    """Top-1 shares 0..1 among `count` different scenes, from pictures to captions and back."""
    scenes = list(dict.fromkeys(random_scene(rng) for _ in range(2 * count)))[:count]
    captions = [full_caption(scene) for scene in scenes]
    pictures = [draw(scene, rng) for scene in scenes]
    scores = scorer.scores(captions, pictures)
    right = torch.arange(count)
    return {
        "picture to caption": float((scores.argmax(dim=1) == right).float().mean()),
        "caption to picture": float((scores.argmax(dim=0) == right).float().mean()),
    }


def among_look_alikes(
    scorer: Scorer, rng: np.random.Generator, count: int = 256
) -> dict[str, float]:
    """Shares 0..1 of pictures whose caption beats every caption that changes an attribute.

    By attribute, and for `all` of them.
    """
    wins: dict[str, list[bool]] = {attribute: [] for attribute in (*CHOICES, "all")}
    for _ in range(count):
        scene = random_scene(rng)
        rivals = _rivals(scene)
        captions = [full_caption(scene), *rivals]
        own, *others = scorer.scores(captions, [draw(scene, rng)])[0].tolist()
        wins["all"].append(own > max(others))
        for attribute in CHOICES:
            scores = [
                score
                for score, changed in zip(others, rivals.values(), strict=True)
                if changed == attribute
            ]
            wins[attribute].append(own > max(scores))
    return {attribute: float(np.mean(won)) for attribute, won in wins.items()}


def _rivals(scene: Scene) -> dict[str, str]:
    """The captions of all scenes that differ from `scene` in one attribute, and in which one."""
    rivals = {}
    for attribute, words in CHOICES.items():
        for word in words:
            other = Scene(**{**scene.as_dict(), attribute: word})
            if other != scene and other.colour != other.background:
                rivals[full_caption(other)] = attribute
    return rivals


def main(argv: list[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m dwlab.shapes.retrieval", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=CLIP, help="a CLIP folder (default: the shipped one)"
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    scorer = Scorer(arguments.model)
    tasks = {"among 256 scenes": among_many, "among look-alikes": among_look_alikes}
    for name, task in tasks.items():
        shares = task(scorer, np.random.default_rng([arguments.seed, 256]))
        figures = [f"{attribute} {share:.1%}" for attribute, share in shares.items()]
        print(f"{name}: {', '.join(figures)}")


if __name__ == "__main__":
    main()
