"""A job from queued to its end: its row, every transition, who is next, when it is ready."""
