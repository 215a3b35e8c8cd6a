"""The panel of the sweep notebook, and what it and the notebook show of a sweep."""
