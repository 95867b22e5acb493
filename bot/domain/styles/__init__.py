"""What a style can be: a painting that comes with Easel, a preset, a picture."""
