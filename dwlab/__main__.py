"""`python -m dwlab` is the `dwlab` command."""

from .cli import main

main()
