"""What is still to be shown or deleted on Discord."""
