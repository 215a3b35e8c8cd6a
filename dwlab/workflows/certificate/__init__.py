"""What vouches for a sweep: pictures that are made again and compared, and sweeps that travel."""
