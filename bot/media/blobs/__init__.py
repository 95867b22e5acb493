"""Where pictures are stored: a local folder, or a bucket."""
