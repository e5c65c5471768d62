"""The learner of the perceptrons: a network, its samples and its solver."""

from itertools import chain

import numpy as np
from sklearn.utils import gen_batches

from sklearn_set._mlp.learning_rates import rate_factors
from sklearn_set._training.learner import Learner


class NetworkLearner(Learner):
    """Trains a network on labelled samples by backpropagation.

    Parameters
    ----------
    network : Network
        Changed in place.
    solver : Solver
        Turns gradients into steps.
    solver_name : str
        Under which the solver's state is kept.
    samples : LabelledSamples
        The training data.
    alpha : float
        Strength of the L2 penalty.
    dropout : Dropout
        Decides what to drop.
    previous : dict, default=None
        What `state` returned, to continue from; ignored if it is another solver's.
    """

    def __init__(
        self, network, solver, solver_name, samples, alpha, dropout, previous=None
    ):
        self.network = network
        self.solver = solver
        self._solver_name = solver_name
        self._samples = samples
        self._alpha = alpha
        self._dropout = dropout
        arrays = last_lazy_step = None
        if previous is not None and previous["solver"] == solver_name:
            solver.n_steps, arrays = previous["n_steps"], previous["arrays"]
            last_lazy_step = previous.get("last_lazy_step")
        network.start_states(solver.n_states, arrays, last_lazy_step)
        self.follow_topology()
        self.begin_epoch()

    def set_samples(self, samples):
        """Use other samples from now on."""
        self._samples = samples

    @property
    def layers(self):
        """The sparse layers of the network."""
        return self.network.layers

    def begin_epoch(self):
        """Set the sums of the loss to 0."""
        self._loss_sum = self._weight_sum = 0.0

    def learn(self, indices):
        """Make one step of the solver on a batch."""
        x, y, weights = self._samples.batch(indices, self.network.n_threads)
        self._dropout.renew()
        loss = self.network.learn(
            x, y, self.solver, self._alpha, weights, self._dropout, self._rate_factors
        )
        weight = indices.size if weights is None else weights.sum()
        self._loss_sum += loss * weight
        self._weight_sum += weight

    def end_epoch(self):
        """Return the mean loss of the batches, each before its step."""
        loss = float(self._loss_sum / self._weight_sum)
        self.diverged = not np.isfinite(loss)
        return {"loss": loss}

    def flush(self):
        """Apply the pending lazy updates of the first layer."""
        self.network.flush()

    def follow_topology(self):
        """Adapt the learning rates of the layers to their connections."""
        self._rate_factors = rate_factors(self.network.layers, self.solver)

    def layer_gradients(self, indices):
        """Return the gradients on a batch, from the last layer to the first."""
        return self.network.layer_gradients(
            *self._samples.batch(indices, self.network.n_threads)
        )

    def losses(self, indices):
        """Compute the loss of each sample, weighted, without dropout and penalty."""
        batches = gen_batches(indices.size, self._samples.max_batch)
        losses = [self._losses(indices[batch]) for batch in batches]
        return np.concatenate([np.empty(0), *losses])

    def _losses(self, indices):
        network = self.network
        x, y, weights = self._samples.batch(
            indices, network.n_threads, transformed=False
        )
        losses = network.loss.gradient(network.forward(x), y)
        return np.array(losses if weights is None else losses * weights, dtype=float)

    def reduce_input_dropout(self, factor):
        """Multiply the inputs' dropout rate from now on."""
        self._dropout.reduce_for_inputs(factor)

    def arrays(self):
        """Iterate over weights, biases and parameters of the activations."""
        network = self.network
        weights = (layer.connections.weights for layer in network.layers)
        return chain(weights, network.biases, network.parameters)

    def snapshot(self):
        """Return copies of all that training changes."""
        return self.network.snapshot()

    def restore(self, snapshot):
        """Go back to a snapshot, whose arrays the network takes over."""
        self.network.restore(snapshot)

    def values(self):
        """Return weights, biases, parameters and the solver's states, not copied."""
        states, unit_state = self.network.states
        return [*self.arrays(), *states, unit_state]

    def own_state(self):
        """Return the sums of the loss in this epoch."""
        return {"loss_sum": self._loss_sum, "weight_sum": self._weight_sum}

    def take_own_states(self, states):
        """Add the sums of copies of the network."""
        self._loss_sum = sum(state["loss_sum"] for state in states)
        self._weight_sum = sum(state["weight_sum"] for state in states)

    def state(self):
        """Return the solver's name, number of steps and arrays."""
        return {
            "solver": self._solver_name,
            "n_steps": self.solver.n_steps,
            "arrays": self.network.states,
            "last_lazy_step": self.network.last_lazy_step,
        }
