"""PyTorch's dense layers."""

from rivals.torch_base import TorchNet


class TorchDense(TorchNet):
    """``nn.Linear`` for all layers: `TorchNet` without changes."""
