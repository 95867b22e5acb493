"""A stand-in Discord on loopback, and the bot as a real process against it."""
