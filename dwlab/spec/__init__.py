"""What is asked for, in words: parameters, axes, sweeps, the models that dwlab knows by name. Nothing here computes."""
