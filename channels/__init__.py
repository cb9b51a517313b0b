"""The channels that come with publisher, one file or folder each."""
