"""What a door starts: a sweep with its bar, log and files, a benchmark, a session of exploring."""
