"""What an optimiser asks of a loss."""

from collections.abc import Callable

from torch import Tensor

Evaluate = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""From pictures (b, 3, h, w) to their gradients (b, 3, h, w), total losses (b,) and figures (b, 5)."""
