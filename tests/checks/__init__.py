"""The checks: every code for a sample of ours and wherever it was seen, nothing for what is right."""
