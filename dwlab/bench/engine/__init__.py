"""Is packing worth it? The same cells drawn by a loop, by grouped calls and by packing."""
