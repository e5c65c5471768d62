"""A stack of sparse layers with activations and a loss: forward and backward."""

import numpy as np

from sklearn_set._builds import _fast
from sklearn_set._connectivity import SparseLayer
from sklearn_set._memory import Buffer
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
        self._is_fused = activation.slope is not None  # computed by the kernels
        self._slope = activation.slope if self._is_fused else 1.0
        self.loss = loss
        self._max_batch = max_batch
        self._buffers = [
            Buffer(layer.n_out, max_batch, layer.dtype) for layer in layers
        ]
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

    def _activations(self, i, batch):
        """Return the array for the activations after layer i."""
        return self._buffers[i].view(self.layers[i].n_out, batch)

    def _signal(self, i, batch):
        """Return the array for the gradient before layer i; two take turns."""
        n_units = self.layers[i].n_in
        if self._signals is None:
            widest = max(layer.n_in for layer in self.layers[1:])
            self._signals = [
                Buffer(widest, self._max_batch, self.layers[0].dtype) for _ in range(2)
            ]
        return self._signals[i % 2].view(n_units, batch)

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

    def forward(self, x):
        """Compute the last layer's sums.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs.

        Returns
        -------
        sums : ndarray of shape (n_outputs, batch)
            A buffer, overwritten by the next batch.
        """
        for i, (layer, bias) in enumerate(zip(self.layers, self.biases, strict=True)):
            out = self._activations(i, x.shape[1])
            is_last = i + 1 == len(self.layers)
            layer.to_targets(x, bias, out, 1.0 if is_last else self._slope)
            if not (is_last or self._is_fused):
                self.activation.forward(out)
            x = out
        return x

    def backward(self, x, delta, solver, alpha):
        """Move every link and bias by one step of the solver.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs of the last forward pass.
        delta : ndarray of shape (n_outputs, batch)
            The summed loss's gradient with respect to the last layer's sums.
        solver : Solver
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights, divided by the batch size.

        Returns
        -------
        squares : float
            Sum of the squared weights as they were before the step.
        """
        batch = delta.shape[1]
        link_step, bias_step = solver.steps(1 / batch, alpha / batch)
        squares = 0.0
        for i in reversed(range(len(self.layers))):
            _fast.update(
                delta, self.biases[i], self.bias_states[i], bias_step, self.n_threads
            )
            if i == 0:
                own = self.layers[0].learn(x, delta, None, link_step)
                return squares + own.sum()
            source, signal = self._activations(i - 1, batch), self._signal(i, batch)
            own = self.layers[i].learn(source, delta, signal, link_step, self._slope)
            squares += own.sum()
            if not self._is_fused:
                self.activation.backward(source, signal)
            delta = signal

    def settle(self):
        """Finish what batches of a sparse X have put off."""
        self.layers[0].settle()

    def learn(self, x, targets, solver, alpha):
        """One step on a batch.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs.
        targets : ndarray of shape (n_outputs, batch)
            What the loss compares the outputs with.
        solver : Solver
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
