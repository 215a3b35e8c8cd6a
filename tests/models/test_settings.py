"""Settings of a computation."""

from __future__ import annotations

import numpy as np
import torch
from bench.made_up import configuration

from dwlab.bench import timed_calls
from dwlab.models import loading
from dwlab.models.identity import identify
from dwlab.models.settings import Settings


def test_settings_keep_the_pictures_and_are_undone_by_the_next_stock_load():
    threads, stock = (
        torch.get_num_threads(),
        timed_calls.call(loading.load("shapes", "cpu"), configuration(), 0),
    )
    chosen = Settings(attention="math", channels_last=True, threads=1, slicing="attention")
    model = loading.load_identified(identify("shapes", "cpu", settings=chosen))
    assert torch.get_num_threads() == 1 and not torch.backends.cuda.flash_sdp_enabled()
    assert np.abs(timed_calls.call(model, configuration(), 0) - stock).max() <= 1 / 255
    loading.load("shapes", "cpu")
    assert torch.get_num_threads() == threads and torch.backends.cuda.flash_sdp_enabled()
