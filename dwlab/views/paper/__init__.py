"""Contact sheets for papers: pages of an exact size with all cells, as PDF or PNG."""
