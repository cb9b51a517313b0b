"""Reports on what was published, and the commands that settle open questions."""
