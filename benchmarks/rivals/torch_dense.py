"""PyTorch's dense layers."""

from rivals.torch_base import TorchNet


class TorchDense(TorchNet):
    """``nn.Linear`` throughout: what `TorchNet` is without changes."""
