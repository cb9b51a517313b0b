"""Whether links lead anywhere, asked of a real server on loopback."""
