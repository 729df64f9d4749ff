"""`python -m spikeloom` is the command line too."""

from spikeloom.cli import main

if __name__ == "__main__":
    main()
