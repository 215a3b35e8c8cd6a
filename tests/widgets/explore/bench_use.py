"""What a page does with the prompt bench."""

import contextlib
import threading


def ask(bench, do, **arguments):
    bench._receive({"do": do, **arguments}, [])


def wait(bench):
    """Wait until all that was asked for is made and shown."""
    bench.session.wait()


def listed(bench):
    """What the history lists, up to 200 pictures."""
    return bench.gallery.entries(0, 200)


@contextlib.contextmanager
def held(bench, at=lambda _event: True):
    """Draw nothing more from the first event on for which `at` is true, until the block ends.

    Gives a threading.Event that is set once it is held.
    """
    render = bench.session._render
    is_held, may_go_on = threading.Event(), threading.Event()

    def holding(cells, **options):
        for event in render(cells, **options):
            if at(event):
                is_held.set()
                may_go_on.wait()
            yield event

    bench.session._render = holding
    try:
        yield is_held
    finally:
        may_go_on.set()
        bench.session._render = render
