"""The faults by subject. Each awaits the moment, strikes, and mends what it broke; time does the rest."""
