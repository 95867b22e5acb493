"""What runs jobs: one protocol, one module per implementation."""
