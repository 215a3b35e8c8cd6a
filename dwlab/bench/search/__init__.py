"""How often searches are right: they are replayed on tables of which every cell is known."""
