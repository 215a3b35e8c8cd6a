"""What happens to jobs, told as server-sent events."""
