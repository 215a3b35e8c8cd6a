"""The thread that does the jobs."""
