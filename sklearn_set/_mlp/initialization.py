"""The network that training starts with: random connections and weights."""

from itertools import pairwise

import numpy as np

from sklearn_set._layers.sizes import connections_per_layer
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._mlp.activations import Identity
from sklearn_set._mlp.initializers import for_outputs, initializer
from sklearn_set._mlp.pretraining import pretrained_layer
from sklearn_set._utils.threads import effective_n_threads


def random_coefs(n_units, activations, estimator, state, dtype):
    """Draw the connections and the weights of all layers.

    Parameters
    ----------
    n_units : list of int
        Sizes of all layers of units, from the input to the output.
    activations : list of Activation
        Of the hidden layers.
    estimator : BaseSETMLP
        Its parameters `epsilon`, `density` and `init` say how.
    state : TrainingState
        Its streams are drawn from.
    dtype : dtype
        Of the weights.

    Returns
    -------
    coefs : list of csr_array of shape (n_in, n_out)
    """
    counts = connections_per_layer(n_units, estimator.epsilon, estimator.density)
    init = estimator.init if isinstance(estimator.init, str) else "auto"
    # The output layer's rule is that of the layer before it.
    rules = [*activations, (activations or [Identity()])[-1]]
    stds = [initializer(init, activation) for activation in rules]
    if init == "auto":
        stds[-1] = for_outputs(stds[-1])
    return [
        _random_coef(*pair, n, std, state.streams, dtype)
        for pair, n, std in zip(pairwise(n_units), counts, stds, strict=True)
    ]


def _random_coef(n_in, n_out, n_connections, std, streams, dtype):
    layer = SparseLayer.random(
        n_in, n_out, n_connections, streams["topology"], dtype, effective_n_threads()
    )
    # Drawn in float64, so that either dtype gets the same weights.
    weights = streams["weights"].standard_normal(n_connections)
    scale = std(n_connections / n_out, n_connections / n_in)
    layer.connections.weights[:] = scale * weights
    return layer.coef


def pretrained_first_layer(init, hidden_sizes, X, used, seed):
    """Return weights and biases of the first layer if `init` is an estimator.

    Parameters
    ----------
    init : str or estimator
        The parameter of the perceptrons.
    hidden_sizes : list of int
        Units of each hidden layer.
    X : {ndarray, csr_array} of shape (n_samples, n_features)
        Validated.
    used : ndarray of shape (n_used,)
        The samples to train on.
    seed : int
        For an estimator without a `random_state`.

    Returns
    -------
    layer : (csr_array, ndarray) or None
        None if `init` is a name.

    Raises
    ------
    ValueError
        If there is no hidden layer, or the estimator does not fit.
    """
    if isinstance(init, str):
        return None
    if not hidden_sizes:
        raise ValueError(
            f"init={init!r} needs a hidden layer, but hidden_layer_sizes is empty."
        )
    X = X if used.size == X.shape[0] else X[used]
    return pretrained_layer(init, X, hidden_sizes[0], seed)


def zero_biases(n_units, dtype):
    """Return the biases of all layers: 0."""
    return [np.zeros(n, dtype=dtype) for n in n_units[1:]]


def first_parameters(activations, n_units, dtype):
    """Return the first parameters of the activations of all hidden layers."""
    return [
        activation.start(n, dtype)
        for activation, n in zip(activations, n_units[1:-1], strict=True)
    ]
