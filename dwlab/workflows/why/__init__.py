"""Why two pictures differ, or why another tool's picture comes out differently here."""
