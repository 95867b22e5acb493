"""A job's card from queued to done, its buttons, and the courier that keeps it up to date."""
