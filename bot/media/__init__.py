"""Attachments in, clean pixels out, blobs kept."""
