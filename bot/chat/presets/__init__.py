"""Saved styles: `/preset` in all its parts, and the built-in looks."""
