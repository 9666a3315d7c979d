"""The typed ruleset made executable: slots, the function that fills them, closures."""
