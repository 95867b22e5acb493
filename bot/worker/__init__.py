"""The worker process: claims jobs and paints them."""
