"""The thread that works on jobs: claims those that are alike and renders them together."""
