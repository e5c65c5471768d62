"""A stack of sparse layers with activations and a loss: forward and backward pass."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.batches import SparseBatch
from sklearn_set._layers.solvers import start_state
from sklearn_set._layers.sparse_layer import Connections, SparseLayer
from sklearn_set._mlp.dropout import NO_DROPOUT
from sklearn_set._mlp.unit_parameters import UnitParameters
from sklearn_set._utils.buffers import Buffer, Scratch
from sklearn_set._utils.checks import require_learned


class Network:
    """Sparse layers from the features to the weighted sums of the output units.

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
        Learned parameters of each hidden layer's activation; copied likewise.
    loss : class
        Loss with its output activation.
    max_batch : int
        The largest batch size.
    """

    def __init__(self, layers, biases, activations, parameters, loss, max_batch):
        dtype = layers[0].dtype
        if any(layer.dtype != dtype for layer in layers):
            raise ValueError("The model's weights must be of one dtype. Fit it again.")
        for layer, bias in zip(layers, biases, strict=True):
            require_learned("A bias", bias, (layer.n_out,), dtype)
        for layer, activation, values in zip(
            layers, activations, parameters, strict=False
        ):
            shape = (activation.n_parameters, layer.n_out)
            require_learned("A parameter", values, shape, dtype)
        self.layers = layers
        self.biases = [np.ascontiguousarray(bias) for bias in biases]
        self.parameters = [np.ascontiguousarray(values) for values in parameters]
        self.activations = activations
        self.loss = loss
        self._outputs = [Buffer(layer.n_out, max_batch, dtype) for layer in layers]
        # The weighted sums of the layers whose activation is not fused.
        self._sums = [
            Buffer(0 if activation.is_fused else layer.n_out, max_batch, dtype)
            for layer, activation in zip(layers, activations, strict=False)
        ]
        scratch = Scratch()
        for layer in layers:
            layer.scratch = scratch
        self._unit_parameters = None

    @classmethod
    def from_coefs(
        cls, coefs, biases, activations, parameters, loss, max_batch, n_threads, *,
        copy=False,
    ):  # fmt: skip
        """Return a network over weight matrices.

        Parameters
        ----------
        coefs : list of csr_array of shape (n_in, n_out)
            Checked in full.
        biases, activations, parameters, loss, max_batch
            As for the class.
        n_threads : int
            Threads for each kernel.
        copy : bool, default=False
            Whether to copy the weights; otherwise they are shared where possible.
        """
        layers = [SparseLayer.from_coef(coef, n_threads, copy) for coef in coefs]
        return cls(layers, biases, activations, parameters, loss, max_batch)

    @property
    def n_threads(self):
        """Threads for each kernel."""
        return self.layers[0].n_threads

    @property
    def coefs(self):
        """The present weight matrices of the layers, as views."""
        return [layer.coef for layer in self.layers]

    # -- what training keeps ----------------------------------------------

    @property
    def states(self):
        """The solver's state of each layer's weights, and of biases and parameters."""
        states = [layer.connections.state for layer in self.layers]
        return states, self._unit_parameters.state

    @property
    def last_lazy_step(self):
        """The last lazy update of the first layer, the only one that may have any."""
        return self.layers[0].last_lazy_step

    def start_states(self, n_states, states=None, last_lazy_step=None):
        """Allocate the solver's state of all learned values, before training.

        Parameters
        ----------
        n_states : int
            Number of values that the solver keeps for each learned value.
        states : (list of ndarray, ndarray), default=None
            What `states` returned before, to continue from. Where it does not fit, and
            without it, the state starts at 0.
        last_lazy_step : ndarray of shape (1,), dtype STEP_DTYPE, default=None
            What the property of this name returned then.
        """
        weight_states, unit_state = states or ([None] * len(self.layers), None)
        shared = UnitParameters(self.biases, self.parameters, n_states, unit_state)
        self._unit_parameters = shared
        self.biases, self.parameters = shared.biases, shared.parameters
        lazy_steps = [last_lazy_step] + [None] * (len(self.layers) - 1)
        for layer, state, step in zip(
            self.layers, weight_states, lazy_steps, strict=True
        ):
            state = start_state(layer.connections.weights, n_states, state)
            layer.prepare(state, step)

    def snapshot(self):
        """Return copies of all that training and evolution change."""
        connections = [Connections(*map(np.copy, la.connections)) for la in self.layers]
        return connections, self._unit_parameters.snapshot()

    def restore(self, snapshot):
        """Go back to a snapshot, whose connections the network takes over."""
        connections, unit_parameters = snapshot
        self._unit_parameters.restore(unit_parameters)
        for layer, arrays in zip(self.layers, connections, strict=True):
            layer.replace(arrays)

    # -- passes -----------------------------------------------------------

    def forward(self, x, dropout=NO_DROPOUT):
        """Compute the weighted sums of the output units.

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
                layer.forward(x, bias, out)
            else:
                self._activate(i, layer, x, bias, out)
                dropout.apply(i + 1, out, self.n_threads)
            x = out
        return x

    def _activate(self, i, layer, x, bias, out):
        activation = self.activations[i]
        if activation.is_fused:
            layer.forward(x, bias, out, activation.negative_slope)
            return
        sums = self._sums[i].view(x.shape[1])
        layer.forward(x, bias, sums)
        activation.forward(sums, out, self.parameters[i], self.n_threads)

    def backward(
        self, x, delta, solver, alpha, scale, dropout=NO_DROPOUT, rate_factors=None
    ):
        """Move all weights, biases and parameters by one step of the solver.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs of the last forward pass.
        delta : ndarray of shape (n_outputs, batch)
            Gradient of the summed loss with respect to the sums of the output units.
        solver : Solver
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights, multiplied by `scale`.
        scale : float
            Factor that turns the sum over the batch into a mean.
        dropout : Dropout, default=NO_DROPOUT
            That of the last forward pass.
        rate_factors : list of float, default=None
            Factor of the learning rate for the weights of each layer; None for 1.

        Returns
        -------
        penalty : float
            Penalty on the weights as they were before the step, part of the summed
            loss.
        """
        factors = [1.0] * len(self.layers) if rate_factors is None else rate_factors
        *weight_steps, bias_step = solver.steps(
            scale, alpha * scale, rate_factors=factors
        )
        with_norms, squared_norms = alpha > 0 and not solver.is_decoupled, 0.0
        gradients = self._unit_parameters.bias_gradients
        _fast.sum_rows(delta, gradients[-1], self.n_threads)
        for i in reversed(range(len(self.layers))):
            # The gradient of the activations takes their place.
            source = self._outputs[i - 1].view(delta.shape[1]) if i else x
            squared_norms += self.layers[i].backward(
                source, delta, weight_steps[i], self._fused_slope(i - 1) if i else 1.0,
                bias_gradient=gradients[i - 1] if i else None, with_norms=with_norms,
            )  # fmt: skip
            if i:
                delta = source
                self._through_units(i - 1, delta, dropout)
        self._unit_parameters.move(bias_step, self.n_threads)
        return 0.5 * alpha * squared_norms

    def _through_units(self, i, gradient, dropout):
        """Take the gradient back through dropout and activation of hidden layer i.

        The backward pass of the layer after it has done that if the activation is fused
        and nothing is dropped.
        """
        if self.activations[i].is_fused and not dropout.drops(i + 1):
            return
        dropout.apply(i + 1, gradient, self.n_threads)
        parameter_gradient = self._through_activation(i, gradient)
        if parameter_gradient is not None:
            self._unit_parameters.parameter_gradients[i][:] = parameter_gradient
        _fast.sum_rows(
            gradient, self._unit_parameters.bias_gradients[i], self.n_threads
        )

    def _fused_slope(self, i):
        """Return the slope below 0 of a fused activation, or else 1."""
        activation = self.activations[i]
        return activation.negative_slope if activation.is_fused else 1.0

    def _through_activation(self, i, gradient):
        """Multiply by the derivative of layer i's activation, unless it is fused.

        Returns the gradient of its parameters, if it has any.
        """
        activation = self.activations[i]
        if activation.is_fused:
            return None
        sums = self._sums[i].view(gradient.shape[1])
        return activation.backward(sums, gradient, self.parameters[i], self.n_threads)

    def flush(self):
        """Apply the pending lazy updates that batches of a sparse X leave behind."""
        self.layers[0].flush()

    def learn(
        self, x, targets, solver, alpha, weights=None, dropout=NO_DROPOUT,
        rate_factors=None,
    ):  # fmt: skip
        """Make one step on a batch.

        Parameters
        ----------
        x : ndarray of shape (n_features, batch) or SparseBatch
            The inputs.
        targets : ndarray of shape (n_outputs, batch)
            What the loss compares the outputs with.
        solver : Solver
            Turns gradients into steps.
        alpha : float
            Strength of the L2 penalty on the weights, divided by the number of samples.
        weights : ndarray of shape (batch,), default=None
            Weights of the samples, not all 0, which a common factor does not change;
            None if all are equal.
        dropout : Dropout, default=NO_DROPOUT
            Decides what to drop.
        rate_factors : list of float, default=None
            Factor of the learning rate for the weights of each layer; None for 1.

        Returns
        -------
        loss : float
            Mean loss of the batch, L2 penalty included, before the step.
        """
        sums = self.forward(x, dropout)
        losses, scale = self.loss.gradient(sums, targets), 1 / x.shape[1]
        if weights is not None:
            weights = weights / weights.mean()
            sums *= weights
            losses *= weights
        penalty = self.backward(x, sums, solver, alpha, scale, dropout, rate_factors)
        return (losses.sum() + penalty) * scale

    def layer_gradients(self, x, targets, weights=None):
        """Iterate over the layers, from the last, with the factors of their gradients.

        The gradient of the summed loss for a connection from i to j, present or not, is
        ``source[i] @ delta[j]``. A layer may be changed once it has been yielded.

        Parameters
        ----------
        x, targets, weights
            As for `learn`.

        Yields
        ------
        layer : SparseLayer
        source : ndarray of shape (n_in, batch) or SparseBatch
            Activations before the layer.
        delta : ndarray of shape (n_out, batch)
            The loss's gradient after the layer.
        """
        delta = self.forward(x)
        self.loss.gradient(delta, targets)
        if weights is not None:
            delta *= weights
        for i in reversed(range(1, len(self.layers))):
            layer, source = self.layers[i], self._outputs[i - 1].view(delta.shape[1])
            before = np.empty_like(source)
            no_bias = np.zeros(layer.n_in, dtype=layer.dtype)
            layer.transposed_forward(delta, no_bias, before)
            before[source <= 0] *= self._fused_slope(i - 1)
            self._through_activation(i - 1, before)
            yield layer, source, delta
            delta = before
        yield self.layers[0], x, delta

    def hidden(self, x):
        """Return the activations of each hidden layer, as buffers; see `forward`."""
        self.forward(x)
        return [self._outputs[i].view(x.shape[1]) for i in range(len(self.activations))]

    def outputs(self, x):
        """Return the outputs after the output activation, a buffer; see `forward`."""
        sums = self.forward(x)
        self.loss.activate(sums)
        return sums
