"""What rule authors use on a checked ruleset."""
