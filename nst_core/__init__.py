"""Optimisation-based neural style transfer (Gatys, Ecker & Bethge 2015/2016) in PyTorch."""
