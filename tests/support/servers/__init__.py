"""Servers that stand in for the platforms: they follow the documented rules, and fail on request."""
