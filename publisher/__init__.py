"""publisher: one Markdown issue of a newsletter in, every channel out, exactly once."""

__version__ = "0.1.0"
