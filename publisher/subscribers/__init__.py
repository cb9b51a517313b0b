"""The newsletter's own list, in the database of the ledger: who is subscribed, since when, and by what consent."""
