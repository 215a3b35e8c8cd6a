"""Contact sheets: a sweep's pictures in rows and columns, with labels that always fit."""
