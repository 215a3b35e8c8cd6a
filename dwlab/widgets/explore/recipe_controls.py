"""The fields of the prompt bench as a whole: filled with a recipe, read back, and checked."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError
from ...models.identity import usual_recipe
from .accelerating import work_in_words
from .controls import (
    arguments_from,
    controls_for,
    extras_of,
    offer_for,
    problems_of,
    swept,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...spec.params import GenerationParams
    from .explorer import Explorer

    CountTokens = Callable[[str, str], tuple[int, int, int]]

# What a change of the model leaves as it is.
KEPT = ("prompt", "negative_prompt", "seed", "locked")


class RecipeControls:
    """Writes the bench's traits about its fields: controls, offer, start, extras, problems, tokens.

    count_tokens: like `dwlab.models.tokens.count_tokens`.
    """

    def __init__(self, bench: Explorer, count_tokens: CountTokens) -> None:
        self._bench = bench
        self._count_tokens = count_tokens
        self._counting = threading.Lock()

    def fill(self, params: GenerationParams, *, locked: bool = False) -> None:
        """Show a recipe, and offer what its model allows. locked: runs keep the seed."""
        bench = self._bench
        count = bench.controls.get("count", 1)
        bench.offer = offer_for(params, bench.offer.get("models", ()))
        bench.controls = controls_for(params, count=count, locked=locked)

    def arguments(self) -> dict[str, Any]:
        """The arguments of `GenerationParams` that the fields stand for."""
        bench = self._bench
        arguments = arguments_from(bench.controls, bench.offer.get("ignores", ()))
        return bench.start_picture.completed(arguments)

    def check(self) -> None:
        """Say below each field what is wrong with it, and count its tokens."""
        bench = self._bench
        if bench.controls.get("model") != bench.offer["model"]:
            self._change_model()
        bench.start = bench.start_picture.for_page()
        from_picture = bench.start_picture.is_used
        arguments = self.arguments()
        bench.offer = {
            **bench.offer,
            "swept": swept(bench.offer["ignores"], from_picture=from_picture),
            "work": work_in_words(arguments),
        }
        bench.extras = extras_of(bench.controls)
        problems = problems_of(arguments, bench.controls.get("count"))
        bench.problems = {**problems, **bench.start_picture.problems()}
        threading.Thread(target=self._update_tokens, daemon=True).start()

    def fit_size(self) -> None:
        """Leave the size to the start picture if there is one; otherwise show the model's."""
        bench = self._bench
        size: dict[str, int | None] = {"width": None, "height": None}
        if not bench.start_picture.is_used:
            usual = usual_recipe(bench.controls["model"])
            size = {"width": usual.width, "height": usual.height}
        bench.controls = {**bench.controls, **size}

    def _change_model(self) -> None:
        """Another model was chosen: take its own steps, guidance, scheduler and size."""
        bench = self._bench
        model = bench.controls["model"]
        kept = {name: bench.controls.get(name) for name in KEPT}
        # An unknown model leaves the fields as they are; `check` says what is wrong.
        with contextlib.suppress(DwlabError):
            self.fill(usual_recipe(model))
            bench.controls = {**bench.controls, **kept}
            self.fit_size()
        bench.offer = {**bench.offer, "model": model}

    def _update_tokens(self) -> None:
        # The first time, a tokenizer is read, which takes seconds.
        bench = self._bench
        with self._counting:
            tokens = {}
            for name in ("prompt", "negative_prompt"):
                text = bench.controls.get(name) or ""
                with contextlib.suppress(DwlabError):
                    tokens[name] = self._count_tokens(bench.controls["model"], text)
            bench.tokens = tokens
