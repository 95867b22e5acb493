"""Attachments in, clean pixels out; where blobs are stored."""
