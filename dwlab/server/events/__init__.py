"""What happens to the jobs of this process, and how clients follow it."""
