"""What does speed cost? Every way to draw sooner, beside plain pictures: seconds against drift."""
