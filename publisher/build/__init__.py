"""Builds pages, feeds and messages from issues, and writes the files."""
