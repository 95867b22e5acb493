"""Pictures: reading and writing files, resizing, and matching colours; without torch."""
