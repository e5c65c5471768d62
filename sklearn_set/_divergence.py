"""Contrastive divergence: how a restricted Boltzmann machine learns from a batch."""

import numpy as np

from sklearn_set._builds import _fast
from sklearn_set._connectivity import Links
from sklearn_set._memory import Buffer
from sklearn_set._solvers import start_state

# Share of the past in the running mean of the hidden units' activity (Hinton 2012,
# section 11, advises 0.9 to 0.99).
MEMORY = 0.9


class SparsityTarget:
    """Pulls the mean activity of each hidden unit towards a target.

    The gradient of the cross-entropy between target p and running mean q with respect
    to the unit's input is q - p (Hinton 2012, section 11).

    Parameters
    ----------
    target : float
        The activity wanted.
    cost : float
        Strength of the penalty.
    means : ndarray of shape (n_hidden,), dtype float64
        Running means, changed in place.
    """

    def __init__(self, target, cost, means):
        self._target = target
        self._cost = cost
        self._means = means

    def pull(self, h):
        """Take the penalty's gradient from the chances of a batch, in place."""
        self._means *= MEMORY
        self._means += (1 - MEMORY) * h.mean(axis=1)
        h -= (self._cost * (self._means - self._target)).astype(h.dtype)[:, None]


class ContrastiveDivergence:
    """CD-k and persistent CD with momentum (Hinton 2002, 2012; Tieleman 2008).

    The chains of CD start at the samples of each batch anew; in their last step the
    visible units take their means, which learns the same with less noise, as hidden
    units do in all statistics. Persistent chains sample both.

    Parameters
    ----------
    machine : BoltzmannMachine
        Changed in place.
    solver : SGD
        Turns gradients into steps.
    max_batch : int
        The largest batch to come.
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
        Of the hidden units' activity.
    states : tuple of ndarray, default=None
        What `states` returned before, to go on from.
    """

    def __init__(
        self, machine, solver, max_batch, rng, *, cd_steps=1, alpha=0.0, chains=None,
        sparsity=None, states=None,
    ):  # fmt: skip
        self.machine = machine
        self.solver = solver
        self._rng = rng
        self._cd_steps = cd_steps
        self._alpha = alpha
        self.chains = chains
        self._sparsity = sparsity
        self._start(states or (None, None, None))
        layer = machine.layer
        self._visible = [Buffer(layer.n_out, max_batch, layer.dtype) for _ in range(2)]
        self._hidden = [Buffer(layer.n_in, max_batch, layer.dtype) for _ in range(3)]

    def _start(self, states):
        own, n_states = self.machine, self.solver.n_states
        own.hidden_bias = np.require(own.hidden_bias, requirements="W")
        own.visible_bias = np.require(own.visible_bias, requirements="W")
        values = own.layer.links.weights, own.hidden_bias, own.visible_bias
        of_links, *self._of_biases = [
            start_state(value, n_states, state)
            for value, state in zip(values, states, strict=True)
        ]
        own.layer.prepare(of_links)

    @property
    def states(self):
        """The solver's state: of the links, of the hidden and of the visible biases."""
        return self.machine.layer.links.state, *self._of_biases

    def snapshot(self):
        """Return copies of all that learning and evolution change."""
        own = self.machine
        links = Links(*map(np.copy, own.layer.links))
        biases = [own.hidden_bias.copy(), own.visible_bias.copy()]
        return links, biases, [state.copy() for state in self._of_biases]

    def restore(self, snapshot):
        """Go back to a snapshot, which the machine takes over."""
        links, biases, self._of_biases = snapshot
        self.machine.layer.replace(links)
        self.machine.hidden_bias, self.machine.visible_bias = biases

    def batch(self, n_samples):
        """Return the array for the data of a batch, to be filled for `learn`."""
        return self._visible[0].view(n_samples)

    def learn(self, v):
        """Climb ``<v h> of the data - <v h> of the chain``, less the penalty.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data, in the array that `batch` returned.
        """
        layer, scale = self.machine.layer, -1.0 / v.shape[1]  # solvers go downhill
        h, chain_h, chain_v = self._statistics(v)
        if self._sparsity is not None:
            self._sparsity.pull(h)
        # Steps of the machine of v / std, whose weights are std times as large.
        of_links = scale / self.machine.visible.variance
        link_step, bias_step = self.solver.steps(of_links, self._alpha, scale)
        self._update(h, chain_h, 0, bias_step)
        self._update(v, chain_v, 1, bias_step)
        layer.learn(h, v, link_step, less=(chain_h, chain_v), measures=False)

    def _update(self, units, chain, which, step):
        """Move the hidden (0) or the visible (1) biases."""
        own = self.machine
        values = (own.hidden_bias, own.visible_bias)[which]
        state, n_threads = self._of_biases[which], own.layer.n_threads
        _fast.update_parameters(units, values, state, step, n_threads, chain)

    def _statistics(self, v):
        """Return the hidden units of the data, and both units of the chain."""
        batch = v.shape[1]
        h, chain_h, sample = (buffer.view(batch) for buffer in self._hidden)
        chain_v = self._visible[1].view(batch)
        self.machine.hidden_probabilities(v, h)
        if self.chains is None:
            self._run_from(h, sample, chain_v, chain_h)
        else:
            sample[:] = self.chains[:, :batch]
            self._run_on(sample, chain_v, chain_h)
            self.chains[:, :batch] = sample
        return h, chain_h, chain_v

    def _run_from(self, h, sample, chain_v, chain_h):
        """Run a chain that starts at the data, for which h are the hidden units."""
        for step in range(1, self._cd_steps + 1):
            self.machine.sample(h, self._rng, sample)
            if step < self._cd_steps:
                self.machine.sample_visible(sample, self._rng, chain_v)
            else:
                self.machine.visible_means(sample, chain_v)
            h = self.machine.hidden_probabilities(chain_v, chain_h)

    def _run_on(self, sample, chain_v, chain_h):
        """Go on with a chain, whose hidden units are in `sample`."""
        for _ in range(self._cd_steps):
            self.machine.sample_visible(sample, self._rng, chain_v)
            self.machine.hidden_probabilities(chain_v, chain_h)
            self.machine.sample(chain_h, self._rng, sample)

    def signals(self, v):
        """Return what the gradient on a batch consists of, as `Network.signals` does.

        Parameters
        ----------
        v : ndarray of shape (n_visible, batch)
            The data, in the array that `batch` returned.
        """
        h, chain_h, chain_v = self._statistics(v)
        source, delta = np.hstack([h, -chain_h]), np.hstack([v, chain_v])
        return [(self.machine.layer, source, delta)]
