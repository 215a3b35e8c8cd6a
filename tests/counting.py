"""Count what a model does without putting anything into it: a model with hooks of one's own is no longer the one that was loaded."""

from __future__ import annotations

from torch.nn.modules.module import register_module_forward_hook


class Rows:
    """Within it, a list of the rows of each forward of a module so far."""

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
