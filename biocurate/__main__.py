"""`python -m biocurate`."""

from biocurate.cli.main import main

main()
