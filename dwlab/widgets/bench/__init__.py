"""The panel of the benchmark notebook."""
