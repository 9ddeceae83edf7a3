"""`python -m app.entrypoints.cli`: the command line, wherever it is installed."""

from app.entrypoints.cli import main

main(prog_name="billing")
