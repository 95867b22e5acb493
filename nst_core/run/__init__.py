"""Jobs on a device: their pictures at each size, and evaluators that stay within the memory budget."""
