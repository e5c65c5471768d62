"""The activations of hidden and output units as operators of ONNX.

Where an operator of ONNX exists in float32 only, it is put together from others.
"""

import numpy as np


def _identity(graph, z, activation, parameters):
    return z


def _relu(graph, z, activation, parameters):
    return graph.add("Relu", z)


def _leaky_relu(graph, z, activation, parameters):
    return _two_pieces(graph, z, activation.negative_slope)


def _all_relu(graph, z, activation, parameters):
    sign = 1 if activation.number % 2 else -1
    return _two_pieces(graph, z, sign * activation.MAGNITUDE)


def _two_pieces(graph, z, slope):
    below = graph.add("Mul", graph.add("Min", z, 0), slope)
    return graph.add("Add", graph.add("Max", z, 0), below)


def _logistic(graph, z, activation, parameters):
    return graph.add("Sigmoid", z)


def _tanh(graph, z, activation, parameters):
    return graph.add("Tanh", z)


def _elu(graph, z, activation, parameters):
    below = graph.add("Sub", graph.add("Exp", graph.add("Min", z, 0)), 1)
    return graph.add("Add", graph.add("Max", z, 0), below)


def _silu(graph, z, activation, parameters):
    return graph.add("Mul", z, graph.add("Sigmoid", z))


def _gelu(graph, z, activation, parameters):
    # onnxruntime computes the error function in float32 only.
    scaled = graph.cast(graph.add("Mul", z, np.sqrt(0.5)), np.float32)
    erf = graph.cast(graph.add("Erf", scaled), graph.dtype)
    return graph.add("Mul", graph.add("Mul", z, 0.5), graph.add("Add", erf, 1))


def _srelu(graph, z, activation, parameters):
    t_l, a_l, t_r, a_r = parameters
    low, high = _line(graph, z, t_l, a_l), _line(graph, z, t_r, a_r)
    inner = graph.add("Where", graph.add("GreaterOrEqual", z, t_r), high, z)
    return graph.add("Where", graph.add("LessOrEqual", z, t_l), low, inner)


def _line(graph, z, threshold, slope):
    above = graph.add("Mul", graph.add("Sub", z, threshold), slope)
    return graph.add("Add", above, threshold)


# By the activation's name: functions that add f(z) to a graph.
HIDDEN = {
    "all_relu": _all_relu,
    "elu": _elu,
    "gelu": _gelu,
    "identity": _identity,
    "leaky_relu": _leaky_relu,
    "logistic": _logistic,
    "relu": _relu,
    "silu": _silu,
    "srelu": _srelu,
    "tanh": _tanh,
}

# By the output activation's name: ONNX's operator and its attributes.
OUTPUT = {
    "exp": ("Exp", {}),
    "identity": ("Identity", {}),
    "logistic": ("Sigmoid", {}),
    "softmax": ("Softmax", {"axis": 1}),
}
