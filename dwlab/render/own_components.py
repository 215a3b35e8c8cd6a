"""A pipeline's tokenizers and other parts that do not compute, as a method gets them: its own to change."""

from __future__ import annotations

import copy
from typing import Any

from .._util.subclass import add_members


def own_component(shared: Any) -> Any:
    """An object with the attributes of a shared one, of which a method may set others.

    A tokenizer that takes in new words is copied first.
    """
    own = object.__new__(type(shared))
    vars(own).update(vars(shared))
    if hasattr(shared, "_add_tokens"):
        add_members(own, _add_tokens=_adding_to_a_copy(type(shared)))
    return own


def _adding_to_a_copy(cls: Any) -> Any:
    """What a tokenizer does that is asked to add words. cls: its class."""
    is_copied = False

    def add(tokenizer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal is_copied
        if not is_copied:
            # a copy takes a tenth of a second, so that nobody else waits for one
            vars(tokenizer).update(copy.deepcopy(vars(tokenizer)))
            is_copied = True
        return cls._add_tokens(tokenizer, *args, **kwargs)

    return add
