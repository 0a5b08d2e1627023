"""``python -m loop.cli``: the command line."""

from loop.cli.main import main

if __name__ == "__main__":
    main()
