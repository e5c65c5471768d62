"""A stack of sparse layers with activations and a loss: forward and backward."""

import numpy as np

from sklearn_set import _fast
from sklearn_set._connectivity import SparseLayer
from sklearn_set._solvers import start_state
from sklearn_set._validation import require_shape


class Network:
    """Sparse layers from the features to the last layer's sums.

    All arrays are feature-major, (n_units, batch), in buffers allocated once.

    Parameters
    ----------
    layers : list of SparseLayer
        From the input to the output; changed in place by `learn`.
    biases : list of ndarray of shape (n_out,)
        One for each layer; changed in place by `learn`.
    activation : class
        Activation of the hidden units.
    loss : class
        Loss with its output activation.
    max_batch : int
        The largest batch to come.
    """

    def __init__(self, layers, biases, activation, loss, max_batch):
        for layer, bias in zip(layers, biases, strict=True):
            require_shape("A bias", bias, (layer.n_out,))
        self.layers = layers
        self.biases = [np.ascontiguousarray(bias) for bias in biases]
        self.bias_states = [np.empty((0, bias.size), bias.dtype) for bias in biases]
        self.activation = activation
        self.loss = loss
        self.n_units = [layers[0].n_in, *(layer.n_out for layer in layers)]
        self._max_batch = max_batch
        self._buffers = [None] * len(self.n_units)
        self._signals = None

    @classmethod
    def from_coefs(cls, coefs, biases, activation, loss, max_batch, n_threads):
        """Return a network over weight matrices, sharing the arrays where it can.

        Parameters
        ----------
        coefs : list of csr_array of shape (n_in, n_out)
            Checked in full.
        biases, activation, loss, max_batch
            As for the class.
        n_threads : int
            Threads for each kernel.
        """
        layers = [SparseLayer.from_coef(coef, n_threads) for coef in coefs]
        return cls(layers, biases, activation, loss, max_batch)

    @property
    def n_threads(self):
        """Threads for each kernel."""
        return self.layers[0].n_threads

    @property
    def coefs(self):
        """The layers' weight matrices, views."""
        return [layer.coef for layer in self.layers]

    @property
    def states(self):
        """The solver's state: for each layer that of the links and of the biases."""
        return [
            (layer.links.state, state)
            for layer, state in zip(self.layers, self.bias_states, strict=True)
        ]

    def _buffer(self, n_units, batch):
        return np.empty(n_units * batch, dtype=self.layers[0].dtype)

    def _activations(self, layer, batch):
        """Return the array for the activations of a layer of units."""
        n_units = self.n_units[layer]
        if self._buffers[layer] is None:
            self._buffers[layer] = self._buffer(n_units, self._max_batch)
        return self._buffers[layer][: n_units * batch].reshape(n_units, batch)

    def _signal(self, layer, batch):
        """Return the array for the gradient at a hidden layer; two take turns."""
        if self._signals is None:
            widest = max(self.n_units[1:-1])
            self._signals = [self._buffer(widest, self._max_batch) for _ in range(2)]
        n_units = self.n_units[layer]
        return self._signals[layer % 2][: n_units * batch].reshape(n_units, batch)

    def start_states(self, n_states, states=None):
        """Make ready to learn: every link and bias gets its solver state.

        Parameters
        ----------
        n_states : int
            Number of values for each link and bias.
        states : list of (ndarray, ndarray), default=None
            What `states` returned before, to go on from. Where it does not fit, and
            without it, the state starts at 0.
        """
        states = states or [(None, None)] * len(self.layers)
        self.biases = [np.require(bias, requirements="W") for bias in self.biases]
        self.bias_states = [
            start_state(bias, n_states, state)
            for bias, (_, state) in zip(self.biases, states, strict=True)
        ]
        for layer, (state, _) in zip(self.layers, states, strict=True):
            layer.prepare(start_state(layer.links.weights, n_states, state))

    def load(self, rows, selected):
        """Load a batch; return the array, for `forward`."""
        x = self._activations(0, selected.size)
        rows.load(selected, x, self.n_threads)
        return x

    def forward(self, x):
        """Compute the last layer's sums.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch)
            The inputs.

        Returns
        -------
        sums : ndarray of shape (n_outputs, batch)
            A buffer, overwritten by the next batch.
        """
        for i, (layer, bias) in enumerate(zip(self.layers, self.biases, strict=True)):
            out = self._activations(i + 1, x.shape[1])
            layer.to_targets(x, bias, out)
            if i + 1 < len(self.layers):
                self.activation.forward(out)
            x = out
        return x

    def backward(self, x, delta, solver, alpha):
        """Move every link and bias by one step of the solver.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch)
            The inputs of the last forward pass.
        delta : ndarray of shape (n_outputs, batch)
            The summed loss's gradient with respect to the last layer's sums.
        solver : SGD
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights, divided by the batch size.

        Returns
        -------
        squares : float
            Sum of the squared weights as they were before the step.
        """
        batch = delta.shape[1]
        link_step = solver.step(1 / batch, alpha / batch)
        bias_step = solver.step(1 / batch, 0.0)
        squares = 0.0
        for i in reversed(range(len(self.layers))):
            source = self._activations(i, batch) if i else x
            signal = self._signal(i, batch) if i else None
            self._step_bias(i, delta, bias_step)
            squares += self.layers[i].learn(source, delta, signal, link_step)
            if i:
                self.activation.backward(source, signal)
            delta = signal
        return squares

    def _step_bias(self, i, delta, step):
        gradient = delta.sum(axis=1)
        _fast.update(self.biases[i], self.bias_states[i], gradient, step)

    def learn(self, x, targets, solver, alpha):
        """One step on a batch.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch)
            The inputs.
        targets : ndarray of shape (n_outputs, batch)
            What the loss compares the outputs with.
        solver : SGD
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights, divided by the batch size.

        Returns
        -------
        loss : float
            Mean loss of the batch, L2 penalty included, before the step.
        """
        sums = self.forward(x)
        loss = self.loss.gradient(sums, targets)
        squares = self.backward(x, sums, solver, alpha)
        return (loss + 0.5 * alpha * squares) / x.shape[1]

    def outputs(self, x):
        """Compute the outputs, after the output activation; arguments as `forward`."""
        sums = self.forward(x)
        self.loss.activate(sums)
        return sums.copy()
