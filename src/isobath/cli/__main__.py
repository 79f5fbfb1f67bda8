"""`python -m isobath.cli`, for where the `isobath` command is not on the path."""

from isobath.cli import main

main()
