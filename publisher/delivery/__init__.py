"""Sends messages over channels, guarded by the ledger."""
