"""Small helpers that know nothing of pictures: files, YAML, JSON, text."""
