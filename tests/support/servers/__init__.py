"""Servers that stand in for the platforms: they keep the rules, and misbehave when they are told to."""
