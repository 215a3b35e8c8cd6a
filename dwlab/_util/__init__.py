"""Small helpers that know nothing about pictures: files, locks, YAML, JSON, checks, durations."""
