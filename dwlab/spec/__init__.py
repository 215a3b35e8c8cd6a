"""What is to be made: parameters, axes, sweeps, and models known by name. Nothing here computes."""
