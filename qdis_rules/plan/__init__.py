"""The typed ruleset made executable: slots, closures, and the order to run them in."""
