"""Bounces and complaints: what providers report about emails that were sent, and what follows for a subscriber."""
