"""From cells to pictures."""
