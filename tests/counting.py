"""Count what dwlab does, without changing what is counted."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from torch.nn.modules.module import register_module_forward_hook

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class Rows:
    """Within it, a list of the rows of each forward of a module so far.

    Nothing is put into the module: a model with hooks of one's own is no longer the one that was
    loaded.
    """

    def __init__(self, module):
        self.module, self.seen = module, []

    def note(self, module, args, kwargs, _output):
        if module is self.module:
            self.seen.append(len(next(iter((*args, *kwargs.values())))))

    def __enter__(self):
        self.hook = register_module_forward_hook(self.note, with_kwargs=True)
        return self.seen

    def __exit__(self, *_):
        self.hook.remove()


class Calls:
    """Within it, how often each of some functions was called so far, on any thread, by its name."""

    def __init__(self, *functions: Callable[..., object]) -> None:
        self._names = {function.__code__: function.__name__ for function in functions}
        self.counts: Counter[str] = Counter()

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in self._names:
            self.counts[self._names[frame.f_code]] += 1

    def __enter__(self) -> Counter[str]:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        return self.counts

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)
