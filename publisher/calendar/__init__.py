"""When each issue is due on each channel."""
