"""Challenges and their votes."""
