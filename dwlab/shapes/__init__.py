"""The embedded model's own room: its world, its judge, how it was trained, and its weights."""

from ..spec.catalog import SHAPES_CLIP as CLIP
from ..spec.catalog import SHAPES_FOLDER as MODEL
from .captions import full_caption
from .judging import adherence, judge, shapes_of
from .world import Scene, draw, random_scene

__all__ = [
    "CLIP",
    "MODEL",
    "Scene",
    "adherence",
    "draw",
    "full_caption",
    "judge",
    "random_scene",
    "shapes_of",
]
