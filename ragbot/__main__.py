"""`python -m ragbot` is `ragbot`."""

from ragbot.cli import main

if __name__ == "__main__":
    main()
