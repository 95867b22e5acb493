"""Pictures: files in and out, formats, colours."""
