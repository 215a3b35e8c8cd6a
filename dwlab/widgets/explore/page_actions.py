"""What a page asks of the prompt bench, and what becomes of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import DwlabError, InvalidInput
from .controls import problem_of
from .page_edits import NUMBER, PageEdits

if TYPE_CHECKING:
    from collections.abc import Callable

    from .explorer import Explorer


class PageActions:
    """Acts on the messages of pages, {"do": action, ...}, and says what went wrong.

    `controls` and `page` in a message are the fields as they are now: a change of them that was
    sent before can arrive later. `edit` is the number of such a change, which then no longer counts.
    """

    def __init__(self, bench: Explorer) -> None:
        self._bench = bench
        self._edits = PageEdits()

    def without_late_edits(self, sync_data: dict[str, Any]) -> dict[str, Any]:
        """The traits that a page has changed, except an edit of the fields that is late."""
        state = dict(sync_data)
        if isinstance(state.get("controls"), dict):
            controls = state.pop("controls")
            if not self._edits.is_late(controls):
                state["controls"] = {k: v for k, v in controls.items() if k != NUMBER}
        return state

    def receive(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Act on a message; an error is shown below its field, or else below the Run button."""
        if "do" not in content:
            # A heartbeat or a question, which are answered elsewhere.
            return
        bench = self._bench
        arguments = dict(content)
        action = arguments.pop("do")
        complaint: dict[str, str] = {}
        bench.notice = ""
        edit = arguments.pop(NUMBER, None)
        try:
            bench.controls = {**bench.controls, **arguments.pop("controls", {})}
            bench.page = {**bench.page, **arguments.pop("page", {})}
            self._act(action, arguments, buffers)
            # Not if the action failed: then nothing has changed that the edit could take back.
            self._edits.overtake(edit)
        except InvalidInput as error:
            complaint = problem_of(error)
        except (DwlabError, OSError) as error:
            complaint = {"": str(error)}
        problems = dict(bench.problems)
        problems.pop("", None)
        bench.problems = {**problems, **complaint}

    def _act(self, action: str, arguments: dict[str, Any], buffers: list[memoryview]) -> None:
        bench = self._bench
        data = bytes(buffers[0]) if buffers else b""
        actions: dict[str, Callable[..., None]] = {
            "drop": partial(bench.drop, data),
            "start": partial(bench.start_picture.use_file, data),
            "start_from": bench.start_from,
            "start_clear": bench.start_picture.clear,
            "mask": partial(bench.start_picture.paint, data),
            "mask_remove": bench.start_picture.remove_mask,
            "leave_out": bench.leave_out,
            # The page draws the seed itself, so that a field that is being edited stays as it is.
            "run": bench.make,
            "cancel": bench.cancel,
            "rerun": bench.rerun,
            "vary": bench.vary,
            "restore": bench.restore,
            "remove_prompt": bench.prompt_helps.remove,
            "weigh": bench.prompt_helps.weigh,
            "mark": bench.gallery.mark,
            "toggle": bench.gallery.toggle,
            "undo": bench.gallery.undo,
            "export": bench.gallery.export,
            "sweep_selected": bench.gallery.sweep,
            "sweep": bench.sweep_form.ask,
        }
        actions[action](**arguments)
