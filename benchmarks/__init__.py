"""Side by side: the same work, drawn from a seed, for this library and its peers."""
