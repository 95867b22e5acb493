"""The terms of the loss, their targets, and the total loss, whole or tile by tile."""
