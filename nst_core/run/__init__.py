"""One job on one device, size by size."""
