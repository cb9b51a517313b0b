"""Social cards and covers: what a page shows where it is shared, drawn from the words of an issue."""
