"""What an operator asks for: doctor, backup, restore, lookup."""
