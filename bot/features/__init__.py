"""One room per idea: its words, its rules and its SQL."""
