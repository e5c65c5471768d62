"""A stack of sparse layers with activations and a loss: forward and backward."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.batches import SparseBatch
from sklearn_set._layers.solvers import start_state
from sklearn_set._layers.sparse_layer import Links, SparseLayer
from sklearn_set._mlp.dropout import NO_DROPOUT
from sklearn_set._mlp.unit_parameters import UnitParameters
from sklearn_set._utils.buffers import Buffer
from sklearn_set._utils.checks import require_shape


class Network:
    """Sparse layers from the features to the last layer's sums.

    All arrays are feature-major, (n_units, batch), in buffers allocated once.

    Parameters
    ----------
    layers : list of SparseLayer
        From the input to the output; changed in place by `learn`.
    biases : list of ndarray of shape (n_out,)
        One for each layer; `start_states` copies them, and `learn` changes the copies.
    activations : list of Activation
        One for each hidden layer.
    parameters : list of ndarray of shape (n_parameters, n_units)
        What the units of each hidden layer learn besides; copied likewise.
    loss : class
        Loss with its output activation.
    max_batch : int
        The largest batch to come.
    """

    def __init__(self, layers, biases, activations, parameters, loss, max_batch):
        for layer, bias in zip(layers, biases, strict=True):
            require_shape("A bias", bias, (layer.n_out,))
        for layer, own, values in zip(layers, activations, parameters, strict=False):
            require_shape("A parameter", values, (own.n_parameters, layer.n_out))
        self.layers = layers
        self.biases = [np.ascontiguousarray(bias) for bias in biases]
        self.parameters = [np.ascontiguousarray(values) for values in parameters]
        self.activations = activations
        self.loss = loss
        dtype = layers[0].dtype
        self._outputs = [Buffer(layer.n_out, max_batch, dtype) for layer in layers]
        # The sums of the layers whose activation is not computed in passing.
        self._sums = [
            Buffer(layer.n_out if own.slope is None else 0, max_batch, dtype)
            for layer, own in zip(layers, activations, strict=False)
        ]
        self._own = None

    @classmethod
    def from_coefs(
        cls, coefs, biases, activations, parameters, loss, max_batch, n_threads
    ):
        """Return a network over weight matrices, sharing the arrays where it can.

        Parameters
        ----------
        coefs : list of csr_array of shape (n_in, n_out)
            Checked in full.
        biases, activations, parameters, loss, max_batch
            As for the class.
        n_threads : int
            Threads for each kernel.
        """
        layers = [SparseLayer.from_coef(coef, n_threads) for coef in coefs]
        return cls(layers, biases, activations, parameters, loss, max_batch)

    @property
    def n_threads(self):
        """Threads for each kernel."""
        return self.layers[0].n_threads

    @property
    def coefs(self):
        """The layers' weight matrices, which follow the layers as they evolve."""
        return [layer.coef for layer in self.layers]

    @property
    def states(self):
        """The solver's state: that of each layer's links, and that of all else."""
        return [layer.links.state for layer in self.layers], self._own.state

    # -- what training keeps ----------------------------------------------

    def start_states(self, n_states, states=None):
        """Make ready to learn: all that is learnt gets its solver state.

        Parameters
        ----------
        n_states : int
            Number of values for each number that is learnt.
        states : (list of ndarray, ndarray), default=None
            What `states` returned before, to go on from. Where it does not fit, and
            without it, the state starts at 0.
        """
        of_links, of_own = states or ([None] * len(self.layers), None)
        self._own = UnitParameters(self.biases, self.parameters, n_states, of_own)
        self.biases, self.parameters = self._own.biases, self._own.parameters
        for layer, state in zip(self.layers, of_links, strict=True):
            layer.prepare(start_state(layer.links.weights, n_states, state))

    def snapshot(self):
        """Return copies of all that learning and evolution change."""
        links = [Links(*map(np.copy, layer.links)) for layer in self.layers]
        return links, self._own.snapshot()

    def restore(self, snapshot):
        """Go back to a snapshot, whose links the network takes over."""
        links, own = snapshot
        self._own.restore(own)
        for layer, arrays in zip(self.layers, links, strict=True):
            layer.replace(arrays)

    # -- passes -----------------------------------------------------------

    def forward(self, x, dropout=NO_DROPOUT):
        """Compute the last layer's sums.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs, some of which `dropout` may set to 0.
        dropout : Dropout, default=NO_DROPOUT
            Decides what to drop.

        Returns
        -------
        sums : ndarray of shape (n_outputs, batch)
            A buffer, overwritten by the next batch.
        """
        inputs = x.values if isinstance(x, SparseBatch) else x
        dropout.apply(0, inputs, self.n_threads)
        for i, (layer, bias) in enumerate(zip(self.layers, self.biases, strict=True)):
            out = self._outputs[i].view(x.shape[1])
            if i == len(self.activations):
                layer.to_targets(x, bias, out)
            else:
                self._activate(i, layer, x, bias, out)
                dropout.apply(i + 1, out, self.n_threads)
            x = out
        return x

    def _activate(self, i, layer, x, bias, out):
        own = self.activations[i]
        if own.slope is not None:
            layer.to_targets(x, bias, out, own.slope)
            return
        sums = self._sums[i].view(x.shape[1])
        layer.to_targets(x, bias, sums)
        own.forward(sums, out, self.parameters[i], self.n_threads)

    def backward(self, x, delta, solver, alpha, scale, dropout=NO_DROPOUT):
        """Move every link, bias and parameter by one step of the solver.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs of the last forward pass.
        delta : ndarray of shape (n_outputs, batch)
            The summed loss's gradient with respect to the last layer's sums.
        solver : Solver
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights, multiplied by `scale`.
        scale : float
            What makes the sum over the batch a mean.
        dropout : Dropout, default=NO_DROPOUT
            Of the last forward pass.

        Returns
        -------
        penalty : float
            That on the weights as they were before the step, part of the summed loss.
        """
        link_step, own_step = solver.steps(scale, alpha * scale)
        measures, squares = alpha > 0 and not solver.is_decoupled, 0.0
        sums = self._own.bias_gradients
        _fast.sum_rows(delta, sums[-1], self.n_threads)
        for i in reversed(range(len(self.layers))):
            # The activations turn into the gradient with respect to them.
            signal = self._outputs[i - 1].view(delta.shape[1]) if i else x
            squares += self.layers[i].learn(
                signal, delta, link_step, self._slope(i - 1) if i else 1.0,
                sums=sums[i - 1] if i else None, measures=measures,
            )  # fmt: skip
            if i:
                delta = signal
                self._through(i - 1, signal, dropout)
        self._own.move(own_step, self.n_threads)
        return 0.5 * alpha * squares

    def _through(self, i, signal, dropout):
        """Take a signal back through the units of layer i; often `learn` did it all."""
        if self.activations[i].slope is not None and not dropout.drops(i + 1):
            return
        dropout.apply(i + 1, signal, self.n_threads)
        gradient = self._bend(i, signal)
        if gradient is not None:
            self._own.parameter_gradients[i][:] = gradient
        _fast.sum_rows(signal, self._own.bias_gradients[i], self.n_threads)

    def _slope(self, i):
        """Return layer i's slope below 0 if the kernels see to it, or else 1."""
        slope = self.activations[i].slope
        return 1.0 if slope is None else slope

    def _bend(self, i, signal):
        """Take a signal back through layer i's activation, unless the kernels did.

        Returns the gradient of its parameters, if it has any.
        """
        own = self.activations[i]
        if own.slope is not None:
            return None
        sums = self._sums[i].view(signal.shape[1])
        return own.backward(sums, signal, self.parameters[i], self.n_threads)

    def settle(self):
        """Finish what batches of a sparse X have put off."""
        self.layers[0].settle()

    def learn(self, x, targets, solver, alpha, weights=None, dropout=NO_DROPOUT):
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
            Strength of the L2 penalty on the weights, divided by the batch's weight.
        weights : ndarray of shape (batch,), default=None
            Of the samples, not all 0; None if each is 1.
        dropout : Dropout, default=NO_DROPOUT
            Decides what to drop.

        Returns
        -------
        loss : float
            Mean loss of the batch, L2 penalty included, before the step.
        """
        sums = self.forward(x, dropout)
        losses = self.loss.gradient(sums, targets)
        if weights is None:
            loss, scale = losses.sum(), 1 / x.shape[1]
        else:
            sums *= weights
            loss, scale = losses @ weights, 1 / weights.sum(dtype=np.float64)
        penalty = self.backward(x, sums, solver, alpha, scale, dropout)
        return (loss + penalty) * scale

    def signals(self, x, targets, weights=None):
        """Iterate over the layers, from the last, with what their gradients consist of.

        The gradient of the summed loss for a link from i to j is ``source[i] @
        delta[j]``. A layer may be changed when it has come.

        Parameters
        ----------
        x, targets, weights
            As for `learn`.

        Yields
        ------
        layer : SparseLayer
        source : ndarray of shape (n_in, batch) or SparseBatch
            Activations before it.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient after it.
        """
        delta = self.forward(x)
        self.loss.gradient(delta, targets)
        if weights is not None:
            delta *= weights
        for i in reversed(range(1, len(self.layers))):
            layer, source = self.layers[i], self._outputs[i - 1].view(delta.shape[1])
            signal = np.empty_like(source)
            layer.to_sources(delta, np.zeros(layer.n_in, dtype=layer.dtype), signal)
            signal[source <= 0] *= self._slope(i - 1)
            self._bend(i - 1, signal)
            yield layer, source, delta
            delta = signal
        yield self.layers[0], x, delta

    def hidden(self, x):
        """Return the activations of each hidden layer, buffers; as `forward`."""
        self.forward(x)
        return [self._outputs[i].view(x.shape[1]) for i in range(len(self.activations))]

    def outputs(self, x):
        """Compute the outputs, after the output activation; arguments as `forward`."""
        sums = self.forward(x)
        self.loss.activate(sums)
        return sums.copy()
