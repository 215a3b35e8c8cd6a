"""The viewer of a sweep: one page, as a file that works offline and as a widget in notebooks."""
