"""Every table, in two rooms: pictures, and people with their servers."""
