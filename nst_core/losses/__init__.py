"""The terms of the loss, their sum, their targets, and the same sum tile by tile."""
