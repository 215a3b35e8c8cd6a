"""The threads that work on jobs: they claim those that are alike and have them rendered together."""
