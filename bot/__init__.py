"""Easel, the Discord bot."""
