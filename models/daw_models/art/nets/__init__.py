"""The picture nets."""
