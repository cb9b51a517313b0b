"""The newsletter's own list: who is on it, by what right, and what becomes of those who leave."""
