"""All that needs a GPU, in one go: the tests that need one, and every benchmark."""
