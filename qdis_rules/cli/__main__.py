"""`python -m qdis_rules.cli`: the same as `qdis`."""

from qdis_rules.cli import main

if __name__ == "__main__":
    main()
