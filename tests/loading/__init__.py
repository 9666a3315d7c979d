"""Loading: records, imports, and what a ruleset compiles to, kept."""
