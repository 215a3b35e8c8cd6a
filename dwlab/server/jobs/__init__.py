"""Jobs: rows of the store that outlive the process."""
