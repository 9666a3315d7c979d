"""Many dossiers, as Arrow columns. The only room that knows pyarrow and numpy."""
