"""What the maintainers run by hand: `python -m scripts.NAME`."""
