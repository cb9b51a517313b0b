"""What is remembered between runs: sources, their records, rendered bodies, and output files."""
