"""A sweep at work: resolved, planned, rendered, saved, read back as tables."""
