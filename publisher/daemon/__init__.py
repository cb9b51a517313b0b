"""The daemon: publishes each issue when it is due."""
