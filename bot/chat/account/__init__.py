"""What people ask about themselves and their server: help, the queue, quotas, data, settings."""
