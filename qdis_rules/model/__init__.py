"""What a ruleset means: symbols, types, the typed ruleset, and everything to say about them."""
