"""``python -m loop.cli``: the command line."""

from loop import put_working_folder_last

if __name__ == "__main__":
    put_working_folder_last()
    from loop.cli.main import main

    main()
