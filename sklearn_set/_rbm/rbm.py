"""The estimator of the restricted Boltzmann machine."""

from functools import partial
from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    StrOptions,
)
from sklearn.utils.validation import check_is_fitted

from sklearn_set._layers.batches import as_rows, in_row_order
from sklearn_set._layers.sizes import connections_per_layer
from sklearn_set._layers.solvers import SGD
from sklearn_set._layers.sparse_layer import SparseLayer
from sklearn_set._rbm import partition_function
from sklearn_set._rbm.contrastive_divergence import (
    ContrastiveDivergence,
    SparsityTarget,
)
from sklearn_set._rbm.learner import (
    ContrastiveDivergenceLearner,
    map_rows,
    monitored_samples,
)
from sklearn_set._rbm.model import BoltzmannModel
from sklearn_set._rbm.visible_units import VISIBLE_UNITS
from sklearn_set._training.callbacks import NoCallbacks, fit_callbacks
from sklearn_set._training.estimator import SETEstimator
from sklearn_set._training.samples import Batches
from sklearn_set._training.validation_set import hold_out
from sklearn_set._utils.checks import checked_coef, checked_dtype
from sklearn_set._utils.compat import checked_params, fit_context
from sklearn_set._utils.mapped import check_mapped
from sklearn_set._utils.random import copy_generator, spawn_generators
from sklearn_set._utils.thread_chooser import on_fastest_threads
from sklearn_set._utils.threads import effective_n_threads
from sklearn_set._utils.types import Array, Evolution, Matrix, RandomState
from sklearn_set._utils.validation import validated, validated_array
from sklearn_set.evolution import RULES, SET, InputEvolution, as_rules

# Standard deviation of the initial weights (Hinton 2012, section 8).
INITIAL_STD = 0.01
# Defaults of annealed importance sampling.
N_CHAINS, N_TEMPERATURES = 100, 1000

# Of visible units: the square and its inverse are normal numbers in float32, too.
STD_RANGE = 1e-15, 1e15

_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_FRACTION = Interval(Real, 0, 1, closed="neither")


class SETRBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SETEstimator):
    """Restricted Boltzmann machine trained by Sparse Evolutionary Training.

    A restricted Boltzmann machine with binary hidden units, binary or Gaussian visible
    units, and sparse connections between them. Weights are learned by contrastive
    divergence (CD-k, or persistent) [2]_ [3]_; after every epoch except the last the
    weakest connections are dropped and as many new ones are added at random positions
    [1]_.

    Parameters
    ----------
    n_components : int, default=256
        Number of binary hidden units.

    epsilon : float or None, default=10
        Sparsity parameter: the model has
        ``min(round(epsilon * (n_features + n_components)), n_features * n_components)``
        connections. None means a dense model, unless `density` is given.

    density : float, default=None
        Number of connections as a fraction of the weights of the dense model, in (0,
        1]. If given, it replaces `epsilon`.

    zeta : float, default=0.3
        Fraction of the positive and of the negative weights that is dropped and
        replaced by new connections when the model evolves. In [0, 1); 0 keeps the
        random topology fixed. A model with more than 80 % of all possible connections
        does not evolve.

    evolution : {'set', 'cht', 'rigl', 'fixed'}, rule, or list of those, default='set'
        How the model evolves.

        - 'set' drops the smallest positive and the smallest negative weights, and adds
          connections at random positions [1]_
        - 'cht' is 'set', except that new connections join units that are already joined
          by many paths of three connections (:class:`~sklearn_set.evolution.CHT`)
        - 'rigl' drops the smallest weights, and adds connections where the gradient on
          a batch is largest; the dropped fraction decreases from `zeta` to 0
        - 'fixed' keeps the random topology
        - a rule is an object such as ``sklearn_set.evolution.SET(annealed=True)``,
          which decreases the dropped fraction from `zeta` to 0, or an instance of a
          user-defined class

    evolve_every : int or str, default=1
        Number of epochs between two evolutions of the model, or number of batches if it
        is a string such as '100 steps'. The model does not evolve after the last epoch.

    final_prune : bool, default=False
        Whether `fit` ends by dropping the fraction `zeta` of the connections without
        adding new ones, as in [1]_.

    visible : {'bernoulli', 'gaussian'}, default='bernoulli'
        Kind of the visible units.

        - 'bernoulli' is for binary features, and others in [0, 1]
        - 'gaussian' is for real features of mean 0 and variance 1, as
          :class:`~sklearn.preprocessing.StandardScaler` makes them; it needs a smaller
          `learning_rate`, such as 0.01, or a larger `visible_std`

    visible_std : float, default=1.0
        Standard deviation of Gaussian visible units, given the hidden units. It should
        increase with the number of features: with thousands of features and the
        default, the hidden units saturate, because their inputs are too large. It has
        the same effect as dividing the features by `visible_std`.

    learning_rate : float, default=0.1
        The learning rate for weight updates. It is *highly* recommended to tune this
        hyper-parameter. Reasonable values are in the 10**[0., -3.] range.

    learning_rate_schedule : {'constant', 'cosine'}, default='constant'
        With 'cosine', the rate decreases along half a cosine, from `learning_rate` to
        almost 0 in the last of `n_iter` epochs; calls of `partial_fit` count as epochs.

    momentum : float, default=0.0
        Momentum of the weight updates, in [0, 1). It increases the effective learning
        rate by the factor ``1 / (1 - momentum)``.

    batch_size : int, default=10
        Number of examples per minibatch.

    n_iter : int, default=10
        Number of epochs: sweeps over the training data.

    cd_steps : int, default=1
        Steps of Gibbs sampling for each minibatch, the k of CD-k.

    persistent : bool, default=False
        Whether the Gibbs chains continue from batch to batch (persistent CD, [3]_)
        instead of starting at the data. There are `batch_size` chains.

    alpha : float, default=0.0001
        Weight decay: strength of the L2 penalty on the weights.

    sparsity_target : float, default=None
        Mean activity of the hidden units that training aims at, in (0, 1).

    sparsity_cost : float, default=0.1
        Strength of the penalty on the difference between the mean activity and
        `sparsity_target`.

    early_stopping : bool, default=False
        Whether to set aside a random part of the training data, to stop when its
        pseudo-likelihood is not improving, and to restore the best weights.

    validation_fraction : float, default=0.1
        Fraction of the training data to set aside for early stopping, in (0, 1).

    n_iter_no_change : int, default=10
        Maximum number of consecutive epochs without improvement, with
        `early_stopping`.

    tol : float, default=1e-4
        Minimum increase of the pseudo-likelihood that counts as an improvement.

    warm_start : bool, default=False
        When set to True, a further call of `fit` continues training with the present
        weights, topology and solver state; otherwise it starts with a new model. For
        the stopping rule, each call starts a new count of epochs and a new best value.

    verbose : int, default=0
        The verbosity level. The default, zero, means silent mode. Otherwise each epoch
        prints its pseudo-likelihood and its time.

    random_state : int, RandomState instance or None, default=None
        Determines random number generation for the topology, the weights, the order of
        the samples, the sampling of units and the validation set; each has an
        independent stream. Pass an int for reproducible results across multiple
        function calls.

    Attributes
    ----------
    components_ : csr_array of shape (n_components, n_features)
        The weights.

    intercept_hidden_ : ndarray of shape (n_components,)
        Biases of the hidden units.

    intercept_visible_ : ndarray of shape (n_features,)
        Biases of the visible units. They start at the log-odds of the features, or at
        their means if they are Gaussian.

    h_samples_ : ndarray of shape (batch_size, n_components)
        Hidden units of the persistent chains; only with `persistent`.

    n_connections_ : int
        Number of connections.

    density_ : float
        `n_connections_` as a fraction of the weights of the dense model.

    reconstruction_errors_ : list of float
        The ith element is the mean squared error of `reconstruct` after the ith epoch,
        on one in 50 training samples, but at least 10 and at most 100.

    pseudo_likelihoods_ : list of float
        The ith element is the mean of `score_samples` after the ith epoch on the same
        samples.

    validation_scores_ : list of float or None
        The mean of `score_samples` on the validation set after each epoch; None without
        `early_stopping`.

    best_validation_score_ : float or None
        The highest validation score of the last fit.

    n_iter_ : int
        The number of epochs of the last call.

    random_state_ : numpy.random.Generator
        The random stream of `gibbs` and `sample`, which each call advances.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when `X` has feature
        names that are all strings.

    See Also
    --------
    SETMLPClassifier : Sparse multi-layer perceptron; its `init` may be a SETRBM.
    sklearn.neural_network.BernoulliRBM : The dense counterpart, trained by persistent
        contrastive divergence.

    Notes
    -----
    With visible units v, hidden units h, weights W and biases b and c, the energy is
    ``E(v, h) = -b.v - c.h - h.W v`` for binary visible units and
    ``|v - b|**2 / (2 s**2) - c.h - h.W v`` for Gaussian ones, whose standard deviation
    s given h is `visible_std`.

    Samples are shuffled in each epoch. The model evolves before each epoch except the
    first, which is the same as after each epoch except the last; `partial_fit`
    continues in this way.

    A sparse `X` is made dense batch by batch, never as a whole.

    `score` and `log_partition` use annealed importance sampling [4]_.

    References
    ----------
    .. [1] D. C. Mocanu, E. Mocanu, P. Stone, P. H. Nguyen, M. Gibescu and A. Liotta.
       "Scalable training of artificial neural networks with adaptive sparse
       connectivity inspired by network science". Nature Communications 9, 2383 (2018).

    .. [2] G. E. Hinton. "A practical guide to training restricted Boltzmann machines".
       In: Neural Networks: Tricks of the Trade, Springer (2012).

    .. [3] T. Tieleman. "Training restricted Boltzmann machines using approximations to
       the likelihood gradient". International Conference on Machine Learning (2008).

    .. [4] R. Salakhutdinov and I. Murray. "On the quantitative analysis of deep belief
       networks". International Conference on Machine Learning (2008).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_set import SETRBM
    >>> X = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    >>> rbm = SETRBM(n_components=2, epsilon=1, random_state=0)
    >>> rbm.fit_transform(X).shape
    (4, 2)
    >>> rbm.components_.nnz
    5
    """

    # In a saved model: the public name, which does not change.
    __module__ = "sklearn_set"

    _parameter_constraints: dict = {
        "n_components": [_COUNT],
        "epsilon": [_POSITIVE, None],
        "density": [Interval(Real, 0, 1, closed="right"), None],
        "zeta": [Interval(Real, 0, 1, closed="left")],
        "evolution": [StrOptions(set(RULES)), HasMethods("evolve"), list, tuple],
        "evolve_every": [_COUNT, str],
        "final_prune": ["boolean"],
        "visible": [StrOptions(set(VISIBLE_UNITS))],
        "visible_std": [Interval(Real, *STD_RANGE, closed="both")],
        "learning_rate": [_POSITIVE],
        "learning_rate_schedule": [StrOptions({"constant", "cosine"})],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [_COUNT],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "cd_steps": [_COUNT],
        "persistent": ["boolean"],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "sparsity_target": [_FRACTION, None],
        "sparsity_cost": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [_FRACTION],
        "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    components_: csr_array
    intercept_hidden_: Array
    intercept_visible_: Array
    h_samples_: Array
    n_connections_: int
    density_: float
    reconstruction_errors_: list[float]
    pseudo_likelihoods_: list[float]
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_iter_: int
    random_state_: np.random.Generator
    n_features_in_: int
    feature_names_in_: Array

    def __init__(
        self,
        n_components: int = 256, *,
        epsilon: float | None = 10, density: float | None = None, zeta: float = 0.3,
        evolution: Evolution = "set", evolve_every: int | str = 1,
        final_prune: bool = False, visible: str = "bernoulli",
        visible_std: float = 1.0, learning_rate: float = 0.1,
        learning_rate_schedule: str = "constant", momentum: float = 0.0,
        batch_size: int = 10, n_iter: int = 10, cd_steps: int = 1,
        persistent: bool = False, alpha: float = 0.0001,
        sparsity_target: float | None = None, sparsity_cost: float = 0.1,
        early_stopping: bool = False, validation_fraction: float = 0.1,
        n_iter_no_change: float = 10, tol: float = 1e-4, warm_start: bool = False,
        verbose: int = 0, random_state: RandomState = None,
    ) -> None:  # fmt: skip
        self.n_components = n_components
        self.epsilon = epsilon
        self.density = density
        self.zeta = zeta
        self.evolution = evolution
        self.evolve_every = evolve_every
        self.final_prune = final_prune
        self.visible = visible
        self.visible_std = visible_std
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.momentum = momentum
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.cd_steps = cd_steps
        self.persistent = persistent
        self.alpha = alpha
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    _streams = ("weights", "topology", "shuffle", "chain", "sample")
    _seeds = ("split", "score", "monitor")
    _private_fitted = (
        *SETEstimator._private_fitted, "_fitted_visible", "_base_bias",
        "_n_features_out",
    )  # fmt: skip

    # -- validation -------------------------------------------------------

    def _check_inputs(self):
        """Refuse a number of inputs: without targets none is better than another."""
        for rule in as_rules(self.evolution):
            if isinstance(rule, InputEvolution) and rule.n_inputs is not None:
                raise ValueError(
                    f"InputEvolution(n_inputs={rule.n_inputs!r}) is for the "
                    "perceptrons. Use evolution='set' in a SETRBM."
                )

    def _check_X(self, X, *, is_new):
        """Validate X; a new model takes its dtype and its number of features."""
        dtype = (np.float64, np.float32) if is_new else checked_dtype(self.components_)
        check_mapped(X, dtype)
        X = validated(self, X, accept_sparse="csr", dtype=dtype, reset=is_new)
        units = self._make_units() if is_new else self._units
        units.check(X, type(self).__name__)
        return X

    def _make_units(self):
        return VISIBLE_UNITS[self.visible](self.visible_std)

    @property
    def _units(self):
        """The kind of visible units that the model was fitted with."""
        fitted = self._fitted_visible
        return VISIBLE_UNITS[fitted["visible"]](fitted["visible_std"])

    def _check_same_units(self):
        n_components = self.components_.shape[0]
        fitted = {"n_components": n_components, **self._fitted_visible}
        for name, value in fitted.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is not what the model was fitted "
                    f"with, {value!r}. Set it back, or call fit with warm_start=False."
                )

    def _split(self, n_samples, state):
        """Return the samples to train on, and those to validate on."""
        samples = np.arange(n_samples)
        if not self.early_stopping:
            return samples, samples[:0]
        if n_samples * self.validation_fraction < 1:
            raise ValueError(
                f"early_stopping with validation_fraction={self.validation_fraction} "
                f"leaves no sample of {n_samples} to validate on. Raise it, or pass "
                "more samples."
            )
        return hold_out(samples, self.validation_fraction, state.seeds["split"])

    # -- training ---------------------------------------------------------

    def _fit_model(self, original, X, y=None, *, incremental):
        self._check_evolution(incremental=incremental)
        self._check_inputs()
        is_new = self._is_new(incremental)
        original_X = X
        X = self._check_X(X, is_new=is_new)
        if is_new or not incremental:
            X = in_row_order(X)
        state = self._start_state() if is_new else self._continued_state()
        checkpoint = self._open_checkpoint(state, incremental=incremental, X=X)
        if checkpoint.saved is not None:
            state, is_new = self._resume(checkpoint.saved), False
        used, held_out = self._split(X.shape[0], state)
        rows = as_rows(X, 1)
        if is_new:
            bias = self._make_units().first_bias(X[used] if held_out.size else X)
            model = self._new_model(bias, X.dtype, state)
        else:
            self._check_same_units()
            model = self._model(copy=True)
        learner = self._learner(model, rows, used, state)
        callbacks = NoCallbacks()
        if not incremental:
            callbacks = fit_callbacks(original, self.n_iter, lambda: original_X, y, {})
        batches = Batches(
            used, int(self.batch_size), state.streams["shuffle"], even=True
        )
        score = partial(learner.score, held_out) if self.early_stopping else None
        self._train(learner, batches, state, score, callbacks, checkpoint, incremental)
        return callbacks, checkpoint

    def _new_model(self, first_bias, dtype, state):
        """Return a model with random connections and weights.

        The visible biases start at those of independent features.
        """
        layer = self._random_layer(first_bias.size, dtype, state)
        # Drawn in float64, so that either dtype gets the same weights.
        weights = state.streams["weights"].standard_normal(layer.n_connections)
        layer.connections.weights[:] = INITIAL_STD / self.visible_std * weights
        units = self._make_units()
        self._fitted_visible = {"visible": self.visible, "visible_std": units.std}
        self._base_bias = first_bias
        self._n_features_out = layer.n_in
        vars(self).pop("h_samples_", None)
        hidden_bias = np.zeros(layer.n_in, dtype=dtype)
        visible_bias = self._base_bias.astype(dtype)
        return BoltzmannModel(layer, hidden_bias, visible_bias, units)

    def _continued_state(self):
        """Return the training state; `sample` has advanced its stream since."""
        state = super()._continued_state()
        state.streams["sample"] = copy_generator(self.random_state_)
        return state

    def _random_layer(self, n_features, dtype, state):
        n_components = int(self.n_components)  # Python's integers do not overflow
        sizes = [n_features, n_components]
        (n_connections,) = connections_per_layer(sizes, self.epsilon, self.density)
        return SparseLayer.random(
            n_components, n_features, n_connections, state.streams["topology"], dtype,
            effective_n_threads(),
        )  # fmt: skip

    def _model(self, *, copy=False):
        """Return the fitted model, over the fitted attributes or copies of them."""
        layer = SparseLayer.from_coef(self.components_, effective_n_threads(), copy)
        biases = self.intercept_hidden_, self.intercept_visible_
        if copy:
            biases = map(np.array, biases)
        return BoltzmannModel(layer, *biases, self._units)

    def _learner(self, model, rows, used, state):
        batch_size = min(int(self.batch_size), used.size)
        rng, previous = state.streams["chain"], state.take_learner()
        divergence = self._divergence(model, batch_size, rng, previous)
        monitored = monitored_samples(used, state.seeds["monitor"])
        return ContrastiveDivergenceLearner(divergence, rows, monitored)

    def _divergence(self, model, batch_size, rng, previous):
        """Return what makes the steps, which continue those of `previous`, if any."""
        previous = previous or {"arrays": None, "hidden_means": None}
        return ContrastiveDivergence(
            model,
            SGD(self.learning_rate, self.momentum),
            batch_size,
            rng,
            cd_steps=self.cd_steps,
            alpha=self.alpha,
            chains=self._start_chains(model) if self.persistent else None,
            sparsity=self._sparsity(previous["hidden_means"]),
            states=previous["arrays"],
        )

    def _start_chains(self, model):
        """Return the hidden units of the persistent chains, from earlier calls or 0."""
        shape = model.layer.n_in, int(self.batch_size)
        chains = np.zeros(shape, dtype=model.layer.dtype)
        previous = getattr(self, "h_samples_", chains.T)[: shape[1]]
        chains[:, : len(previous)] = previous.T
        return chains

    def _sparsity(self, means):
        if self.sparsity_target is None:
            return None
        if means is None:
            means = np.full(int(self.n_components), float(self.sparsity_target))
        return SparsityTarget(self.sparsity_target, self.sparsity_cost, means)

    def _train(
        self, learner, batches, state, score, callbacks, checkpoint, incremental
    ):
        self._run_loop(
            learner, batches, state, callbacks, checkpoint,
            schedule="learning_rate_schedule",
            learning_rate="learning_rate", n_epochs=self.n_iter,
            incremental=incremental, validation_score=score,
        )  # fmt: skip
        if self.final_prune and not incremental:
            self._prune(learner)
        self._set_fitted(learner, state)

    def _report(self, n_iter, metrics, seconds):
        """Return the line that `verbose` prints after an epoch, as in scikit-learn."""
        return (
            f"[{type(self).__name__}] Iteration {n_iter}, "
            f"pseudo-likelihood = {metrics['pseudo_likelihood']:.2f}, "
            f"time = {seconds:.2f}s"
        )

    def _prune(self, learner):
        """Drop the weakest connections without regrowth."""
        layer = learner.model.layer
        kept = SET().prune(layer.connections.weights, self.zeta, layer.n_threads)
        layer.rewire(kept, np.empty(0, dtype=np.int64))

    def _set_fitted(self, learner, state):
        """Set the fitted attributes to the present values of the learner."""
        model, history = learner.model, state.history
        self.components_ = model.layer.coef
        self.intercept_hidden_ = model.hidden_bias
        self.intercept_visible_ = model.visible_bias
        self.n_connections_ = model.layer.n_connections
        self.density_ = model.layer.n_connections / model.layer.n_positions
        if self.persistent:
            self.h_samples_ = learner.divergence.chains.T.copy()
        self.n_iter_, self.random_state_ = state.n_iter, state.streams["sample"]
        self.reconstruction_errors_ = history.curves.get("reconstruction_error", [])
        self.pseudo_likelihoods_ = history.curves.get("pseudo_likelihood", [])
        self.validation_scores_ = history.validation_scores
        self.best_validation_score_ = history.best_validation_score
        self._training_state = state.to_dict()

    def _release_weights(self):
        del self.components_

    # -- scikit-learn -----------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Matrix, y: ArrayLike | None = None) -> Self:
        """Fit the model to the data X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 stays float32; all else becomes float64.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Not used for training, but passed to callbacks; scikit-learn's
            ScoringMonitor scores nothing without it.

        Returns
        -------
        self : SETRBM
            The fitted model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._fit_copy(X, y, incremental=False)

    @fit_context(prefer_skip_nested_validation=False)  # `_fit_copy` validates, too
    def partial_fit(self, X: Matrix, y: ArrayLike | None = None) -> Self:
        """Update the model with a single epoch over the given data.

        The data are used in minibatches of `batch_size`. The model evolves before each
        call except the first, as it does between the epochs of `fit`; for a stream of
        small pieces use a small `zeta`, or an `evolve_every` of many steps. The size of
        the model and its initial visible biases are determined by the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Not used, present for API consistency.

        Returns
        -------
        self : SETRBM
            The updated model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._fit_copy(X, y, incremental=True)

    def transform(self, X: Matrix) -> Array:
        """Compute the hidden layer activation probabilities, P(h=1|v=X).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data to be transformed.

        Returns
        -------
        h : ndarray of shape (n_samples, n_components)
            Latent representations of the data.
        """
        return self._map_model(BoltzmannModel.hidden_probabilities, X)

    def inverse_transform(self, X: Matrix) -> Array:
        """Compute the means of the visible units, given hidden ones.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_components)
            Values of the hidden units, or their probabilities as `transform` returns
            them.

        Returns
        -------
        v : ndarray of shape (n_samples, n_features)
            For binary visible units their probabilities, P(v=1|h=X).
        """
        check_is_fitted(self)
        X = validated_array(
            X,
            accept_sparse="csr",
            dtype=checked_dtype(self.components_),
            estimator=self,
        )
        n_components = self.components_.shape[0]
        if X.shape[1] != n_components:
            raise ValueError(
                f"X has {X.shape[1]} columns, but {type(self).__name__} has "
                f"{n_components} hidden units: inverse_transform takes what transform "
                "returns."
            )
        model = self._model()
        return map_rows(model, model.visible_means, as_rows(X, 1), "visible_means")

    def reconstruct(self, X: Matrix) -> Array:
        """Reconstruct the data from the probabilities of the hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible units.

        Returns
        -------
        v : ndarray of shape (n_samples, n_features)
            The same as ``inverse_transform(transform(X))``.
        """
        return self._map_model(BoltzmannModel.reconstruct, X)

    def gibbs(self, v: Matrix) -> Array:
        """Perform one Gibbs sampling step.

        Parameters
        ----------
        v : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible layer to start from.

        Returns
        -------
        v_new : ndarray of shape (n_samples, n_features)
            Values of the visible layer after one Gibbs step: bool, or real numbers if
            the visible units are Gaussian. Each call advances the random stream
            `random_state_`.
        """
        return self._shown(self._map_model(self._gibbs, v))

    def _gibbs(self, model, v):
        return model.gibbs(v, self.random_state_)

    @checked_params({"n_samples": [_COUNT], "n_steps": [_COUNT]})
    def sample(self, n_samples: int = 1, n_steps: int = 1000) -> Array:
        """Draw samples from the model by Gibbs sampling.

        Parameters
        ----------
        n_samples : int, default=1
            Number of samples, each from an independent chain.

        n_steps : int, default=1000
            Number of Gibbs steps of each chain. They start from independent features
            that are distributed as those of the training data.

        Returns
        -------
        v : ndarray of shape (n_samples, n_features)
            Values of the visible layer: bool, or real numbers if the visible units are
            Gaussian.
        """
        check_is_fitted(self)
        model, rng = self._model(), self.random_state_
        v = partition_function.independent_samples(
            model, self._base_bias, int(n_samples), rng
        )
        step = partial(model.gibbs, rng=rng)
        with on_fastest_threads(step, [model.layer], v.size, n_steps, "gibbs") as step:
            for _ in range(n_steps):
                v = step(v)
        return self._shown(v.T)

    def _shown(self, v):
        dtype = self._units.sample_dtype
        return np.ascontiguousarray(v, dtype=dtype or v.dtype)

    def free_energy(self, X: Matrix) -> Array:
        """Compute the free energy F(v), which is lower for more likely v.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible layer.

        Returns
        -------
        free_energy : ndarray of shape (n_samples,), dtype float64
            ``-log sum_h exp(-E(v, h))`` (Hinton 2012, section 16.1).
        """
        return -self._map_model(BoltzmannModel.negative_free_energy, X)

    def score_samples(self, X: Matrix) -> Array:
        """Compute the pseudo-likelihood of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible layer.

        Returns
        -------
        pseudo_likelihood : ndarray of shape (n_samples,), dtype float64
            Log of the pseudo-likelihood, ``sum_i log P(v_i | all other v)`` (Besag
            1975): a proxy for the likelihood.

        Notes
        -----
        BernoulliRBM corrupts one random feature of each sample and multiplies its term
        by the number of features, which estimates this sum. With sparse connections the
        sum itself is affordable, so that the result is exact and not random.
        """
        return self._map_model(BoltzmannModel.pseudo_log_likelihood, X)

    @checked_params(
        {
            "method": [StrOptions({"ais", "exact"})],
            "n_chains": [_COUNT],
            "n_temperatures": [_COUNT],
            "random_state": ["random_state"],
        }
    )
    def log_partition(
        self,
        method: str = "ais",
        *,
        n_chains: int = N_CHAINS,
        n_temperatures: int = N_TEMPERATURES,
        random_state: RandomState = None,
    ) -> partition_function.LogPartition:
        """Compute the log of the partition function, ``log sum_{v, h} exp(-E(v, h))``.

        Parameters
        ----------
        method : {'ais', 'exact'}, default='ais'
            How it is computed.

            - 'ais' estimates it by annealed importance sampling (Salakhutdinov and
              Murray 2008), from independent features that are distributed as those of
              the training data
            - 'exact' enumerates the states of the hidden units, or of the visible ones
              if they are binary and fewer; at most 24

        n_chains : int, default=100
            Number of chains of annealed importance sampling.

        n_temperatures : int, default=1000
            Number of temperatures of each chain; the estimate improves with it.

        random_state : int, RandomState instance or None, default=None
            Seeds the chains. None uses a seed drawn by `fit`, so that each call returns
            the same result.

        Returns
        -------
        log_partition : LogPartition
            A tuple of the estimate, ``value``, and its ``standard_error``. The error
            reflects how much the chains differ; it does not account for states that no
            chain has visited.

        Raises
        ------
        ValueError
            If a parameter is not valid, or there are too many units to enumerate.
        """
        check_is_fitted(self)
        model = self._model()
        if method == "exact":
            return partition_function.exact(model)
        seed = random_state
        if seed is None:
            seed = self._training_state["seeds"]["score"]
        (rng,) = spawn_generators(check_random_state(seed), 1)
        return partition_function.anneal(
            model, self._base_bias, int(n_chains), int(n_temperatures), rng
        )

    def score(self, X: Matrix, y: ArrayLike | None = None) -> float:
        """Compute the mean log-likelihood of X, in nats, by importance sampling.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible layer: binary if the visible units are binary.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Not used, present for API consistency.

        Returns
        -------
        log_likelihood : float
            Mean of ``-free_energy(X)``, minus ``log_partition().value``. For a better
            estimate, call `log_partition` with more temperatures.
        """
        return -float(self.free_energy(X).mean()) - self.log_partition().value

    # -- inspection -------------------------------------------------------

    def _weight_matrices(self):
        return [checked_coef(self.components_).T]

    def _hidden_outputs(self, X):
        """Iterate over batches of X with the outputs of the hidden layer: one."""
        yield [self.transform(X).T]

    def _initial_model(self):
        """Return an estimator with the connections that this one started with."""
        initial = clone(self)
        layer = initial._random_layer(
            self.n_features_in_, self.components_.dtype, initial._start_state()
        )
        initial.components_ = layer.coef
        return initial

    def _map_model(self, function, X):
        """Apply ``function(model, v)`` to all rows of X, and stack its results."""
        check_is_fitted(self)
        X = self._check_X(X, is_new=False)
        model = self._model()
        rows, name = as_rows(X, 1), function.__name__
        return map_rows(model, lambda v: function(model, v), rows, name)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "components_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
