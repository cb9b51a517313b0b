"""Several processes send one issue to a large list, and are killed at it: `make simulate`."""
