"""The metrics that dwlab has: every function here with `@metric` is one."""
