"""Several processes send one issue, and are killed at it: `make simulate`."""
