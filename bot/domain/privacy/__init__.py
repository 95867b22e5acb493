"""What is stored about people, for how long, and how it is deleted."""
