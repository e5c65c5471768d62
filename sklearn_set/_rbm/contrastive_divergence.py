"""Contrastive divergence: how a restricted Boltzmann machine is trained on a batch."""

import numpy as np

from sklearn_set._kernels.builds import _fast
from sklearn_set._layers.solvers import start_state
from sklearn_set._layers.sparse_layer import Connections
from sklearn_set._utils.buffers import Buffer

# Decay rate of the running mean of the hidden units' activity (Hinton 2012, section 11,
# recommends 0.9 to 0.99).
DECAY = 0.9


class SparsityTarget:
    """Penalty that moves the mean activity of each hidden unit towards a target.

    The gradient of the cross-entropy between target p and running mean q with respect
    to the unit's input is q - p (Hinton 2012, section 11).

    Parameters
    ----------
    target : float
        The mean activity to aim at.
    cost : float
        Strength of the penalty.
    means : ndarray of shape (n_hidden,), dtype float64
        Running means, changed in place.
    """

    def __init__(self, target, cost, means):
        self.means = means
        self._target = target
        self._cost = cost

    def apply(self, h):
        """Subtract the penalty's gradient from a batch of probabilities, in place."""
        self.means *= DECAY
        self.means += (1 - DECAY) * h.mean(axis=1)
        h -= (self._cost * (self.means - self._target)).astype(h.dtype)[:, None]


class ContrastiveDivergence:
    """CD-k and persistent CD with momentum (Hinton 2002, 2012; Tieleman 2008).

    In CD the chains start at the samples of each batch. In their last step the visible
    units take their means instead of samples, which reduces the noise, as all hidden
    units do in the statistics. Persistent chains sample both.

    Parameters
    ----------
    model : BoltzmannModel
        Changed in place.
    solver : SGD
        Turns gradients into steps.
    max_batch : int
        The largest batch size.
    rng : numpy.random.Generator
        Samples the chains.
    cd_steps : int, default=1
        Steps of Gibbs sampling for each batch, k.
    alpha : float, default=0.0
        Strength of the L2 penalty on the weights.
    chains : ndarray of shape (n_hidden, n_chains), default=None
        Hidden units of the persistent chains, at least as many as the largest batch has
        samples; changed in place. None for CD.
    sparsity : SparsityTarget, default=None
        Penalty on the activity of the hidden units.
    states : tuple of ndarray, default=None
        What `states` returned before, to continue from.
    """

    def __init__(
        self, model, solver, max_batch, rng, *, cd_steps=1, alpha=0.0, chains=None,
        sparsity=None, states=None,
    ):  # fmt: skip
        self.model = model
        self.solver = solver
        self.chains = chains
        self.sparsity = sparsity
        self._rng = rng
        self._cd_steps = cd_steps
        self._alpha = alpha
        self._start_states(states or (None, None, None))
        layer = model.layer
        self._visible = [Buffer(layer.n_out, max_batch, layer.dtype) for _ in range(2)]
        self._hidden = [Buffer(layer.n_in, max_batch, layer.dtype) for _ in range(3)]

    def _start_states(self, states):
        model, n_states = self.model, self.solver.n_states
        model.hidden_bias = np.require(model.hidden_bias, requirements="W")
        model.visible_bias = np.require(model.visible_bias, requirements="W")
        values = model.layer.connections.weights, model.hidden_bias, model.visible_bias
        weight_state, *self._bias_states = [
            start_state(value, n_states, state)
            for value, state in zip(values, states, strict=True)
        ]
        model.layer.prepare(weight_state)

    @property
    def states(self):
        """The solver's state of the weights, the hidden and the visible biases."""
        return self.model.layer.connections.state, *self._bias_states

    def snapshot(self):
        """Return copies of all that training and evolution change."""
        model = self.model
        connections = Connections(*map(np.copy, model.layer.connections))
        biases = [model.hidden_bias.copy(), model.visible_bias.copy()]
        states = [state.copy() for state in self._bias_states]
        chains = None if self.chains is None else self.chains.copy()
        means = None if self.sparsity is None else self.sparsity.means.copy()
        return connections, biases, states, chains, means

    def restore(self, snapshot):
        """Go back to a snapshot, whose arrays the model takes over."""
        connections, biases, self._bias_states, self.chains, means = snapshot
        self.model.layer.replace(connections)
        self.model.hidden_bias, self.model.visible_bias = biases
        if self.sparsity is not None:
            self.sparsity.means = means

    def batch(self, n_samples):
        """Return the array for the data of a batch, to be filled before `learn`."""
        return self._visible[0].view(n_samples)

    def learn(self, v):
        """Make one step along ``<v h>`` of the data minus ``<v h>`` of the chains.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data, in the array that `batch` returned.
        """
        layer, scale = self.model.layer, -1.0 / v.shape[1]  # solvers minimise
        h, chain_h, chain_v = self._statistics(v)
        if self.sparsity is not None:
            self.sparsity.apply(h)
        # The step for data v / std, with weights std times as large.
        weight_scale = scale / self.model.visible.variance
        weight_step, bias_step = self.solver.steps(weight_scale, self._alpha, scale)
        self._update_bias(h, chain_h, 0, bias_step)
        self._update_bias(v, chain_v, 1, bias_step)
        layer.backward(h, v, weight_step, negative=(chain_h, chain_v), with_norms=False)

    def _update_bias(self, units, chain_units, which, step):
        """Move the hidden (0) or the visible (1) biases."""
        values = (self.model.hidden_bias, self.model.visible_bias)[which]
        state, n_threads = self._bias_states[which], self.model.layer.n_threads
        _fast.update_parameters(units, values, state, step, n_threads, chain_units)

    def _statistics(self, v):
        """Return the hidden units of the data, and all units of the chains."""
        batch = v.shape[1]
        h, chain_h, sample = (buffer.view(batch) for buffer in self._hidden)
        chain_v = self._visible[1].view(batch)
        self.model.hidden_probabilities(v, h)
        if self.chains is None:
            self._run_from(h, sample, chain_v, chain_h)
        else:
            sample[:] = self.chains[:, :batch]
            self._continue_from(sample, chain_v, chain_h)
            self.chains[:, :batch] = sample
        return h, chain_h, chain_v

    def _run_from(self, h, sample, chain_v, chain_h):
        """Run chains that start at the data, whose hidden probabilities are h."""
        for step in range(1, self._cd_steps + 1):
            self.model.sample(h, self._rng, sample)
            if step < self._cd_steps:
                self.model.sample_visible(sample, self._rng, chain_v)
            else:
                self.model.visible_means(sample, chain_v)
            h = self.model.hidden_probabilities(chain_v, chain_h)

    def _continue_from(self, sample, chain_v, chain_h):
        """Continue chains whose hidden units are in `sample`."""
        for _ in range(self._cd_steps):
            self.model.sample_visible(sample, self._rng, chain_v)
            self.model.hidden_probabilities(chain_v, chain_h)
            self.model.sample(chain_h, self._rng, sample)

    def layer_gradients(self, v):
        """Return the factors of the gradient, as `Network.layer_gradients` does.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data, in the array that `batch` returned.
        """
        h, chain_h, chain_v = self._statistics(v)
        source, delta = np.hstack([h, -chain_h]), np.hstack([v, chain_v])
        return [(self.model.layer, source, delta)]
