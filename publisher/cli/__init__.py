"""The `publish` command: the only room that prints."""
