"""A job's card from queued to done, its buttons, and the card updater."""
