"""The built-in channels, one file or folder each."""
