"""Lets `python -m tonne` do what `tonne` does."""

from tonne.cli import main

if __name__ == "__main__":
    main()
