"""The optimisers that change the pixels, and the loop that runs them."""
