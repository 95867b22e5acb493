"""Hostile files and hostile words."""
