"""What changes the pixels: first-order methods, L-BFGS, and the loop around them."""
