"""The only place that knows discord.py."""
