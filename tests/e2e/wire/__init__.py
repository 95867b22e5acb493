"""Easel as a real process, logged in to the stand-in Discord of `testbed.discord`."""
