"""The table of who may do what, by topic."""
