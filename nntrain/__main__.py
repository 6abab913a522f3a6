"""``python -m nntrain`` is the same as ``nntrain``."""

from nntrain.cli import main

if __name__ == "__main__":
    main()
