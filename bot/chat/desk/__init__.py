"""What people ask at the desk: help, the queue, quotas, their own data, a server's settings."""
