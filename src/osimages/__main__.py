"""`python -m osimages`: the same as the command `osimages`."""

from osimages.cli import main

main(prog_name="osimages")
