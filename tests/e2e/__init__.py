"""The whole service from outside: on the wire, under faults, under attack."""
