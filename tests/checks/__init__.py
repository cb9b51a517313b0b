"""Tests of the checks: each code for samples and real issues, and no code for correct text."""
