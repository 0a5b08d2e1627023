"""`python -m benchmarks.screening`; the parts have a file of their own, as each is a process that imports it."""

from benchmarks.screening.parts import main

if __name__ == "__main__":
    main()
