"""The restricted Boltzmann machine that scikit-learn sees."""

import time
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import check_random_state, gen_even_slices
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_set._batches import as_rows, map_batches, predict_batch_size
from sklearn_set._boltzmann import BoltzmannMachine
from sklearn_set._connectivity import SparseLayer
from sklearn_set._density import erdos_renyi_n_links
from sklearn_set._random import spawn_generators
from sklearn_set._solvers import SGD
from sklearn_set._threads import effective_n_threads
from sklearn_set._warnings import warn
from sklearn_set.evolution import SET, Occasion

# Small, and not all the same (Hinton 2012, section 8).
INITIAL_STD = 0.01


class SETRBM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Restricted Boltzmann machine trained by Sparse Evolutionary Training.

    A restricted Boltzmann machine with binary hidden units and visible units in [0, 1],
    joined by a sparse graph instead of all to all. Weights are learnt by contrastive
    divergence (CD-k) [2]_; after every epoch but the last the weakest links are dropped
    and as many new ones grow at random places [1]_.

    Parameters
    ----------
    n_components : int, default=256
        Number of binary hidden units.

    epsilon : float, default=10
        Sparsity parameter: the machine has
        ``min(round(epsilon * (n_features + n_components)), n_features * n_components)``
        links.

    zeta : float, default=0.3
        Fraction of the links, among the positive weights and among the negative ones,
        that is dropped and regrown after each epoch. In [0, 1); 0 keeps the random
        topology fixed. A machine with more than 80 % of all possible links does not
        evolve.

    learning_rate : float, default=0.1
        The learning rate for weight updates. It is *highly* recommended to tune this
        hyper-parameter. Reasonable values are in the 10**[0., -3.] range.

    batch_size : int, default=10
        Number of examples per minibatch.

    n_iter : int, default=10
        Number of epochs: sweeps over the training data.

    cd_steps : int, default=1
        Steps of Gibbs sampling in contrastive divergence, the k of CD-k.

    alpha : float, default=0.0001
        Weight decay: strength of the L2 penalty on the weights.

    verbose : int, default=0
        The verbosity level. The default, zero, means silent mode. Otherwise each epoch
        prints its pseudo-likelihood and its time.

    random_state : int, RandomState instance or None, default=None
        Determines random number generation for the topology, the weights, the order of
        the samples and the sampling of units, each of which has a stream of its own.
        Pass an int for reproducible results across multiple function calls.

    Attributes
    ----------
    components_ : csr_array of shape (n_components, n_features)
        Weights, sparse.

    intercept_hidden_ : ndarray of shape (n_components,)
        Biases of the hidden units.

    intercept_visible_ : ndarray of shape (n_features,)
        Biases of the visible units.

    n_iter_ : int
        The number of epochs of the last call.

    random_state_ : numpy.random.Generator
        What `gibbs` draws from; each call goes on where the last one ended.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`. Defined only when `X` has feature
        names that are all strings.

    See Also
    --------
    SETMLPClassifier : Sparse multi-layer perceptron.
    sklearn.neural_network.BernoulliRBM : The dense counterpart, trained by persistent
        contrastive divergence.

    Notes
    -----
    Samples are shuffled in each epoch. The evolution step is made before each epoch but
    the first one, which is the same as after each but the last; `partial_fit` goes on
    in the same way.

    References
    ----------
    .. [1] D. C. Mocanu, E. Mocanu, P. Stone, P. H. Nguyen, M. Gibescu and A. Liotta.
       "Scalable training of artificial neural networks with adaptive sparse
       connectivity inspired by network science". Nature Communications 9, 2383 (2018).

    .. [2] G. E. Hinton. "A practical guide to training restricted Boltzmann machines".
       In: Neural Networks: Tricks of the Trade, Springer (2012).

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

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "zeta": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_iter": [Interval(Integral, 0, None, closed="left")],
        "cd_steps": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=256,
        *,
        epsilon=10,
        zeta=0.3,
        learning_rate=0.1,
        batch_size=10,
        n_iter=10,
        cd_steps=1,
        alpha=0.0001,
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.epsilon = epsilon
        self.zeta = zeta
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.cd_steps = cd_steps
        self.alpha = alpha
        self.verbose = verbose
        self.random_state = random_state

    # -- the machine ------------------------------------------------------

    def _initialize(self, n_features, dtype):
        """Draw topology and weights; the biases start at 0."""
        n_components = int(self.n_components)  # not a NumPy integer, which overflows
        n_links = erdos_renyi_n_links(n_components, n_features, self.epsilon)
        generators = spawn_generators(check_random_state(self.random_state), 5)
        weights_rng, self._topology_rng, self._shuffle_rng = generators[:3]
        self._chain_rng, self.random_state_ = generators[3:]
        layer = SparseLayer.random(
            n_components,
            n_features,
            n_links,
            self._topology_rng,
            dtype,
            effective_n_threads(),
        )
        # Drawn in float64, so that either dtype gets the same weights.
        layer.links.weights[:] = INITIAL_STD * weights_rng.standard_normal(n_links)
        self.components_ = layer.coef
        self.intercept_hidden_ = np.zeros(n_components, dtype=dtype)
        self.intercept_visible_ = np.zeros(n_features, dtype=dtype)
        self._n_features_out = n_components
        self._n_epochs_seen = 0

    def _machine(self):
        layer = SparseLayer.from_coef(self.components_, effective_n_threads())
        return BoltzmannMachine(layer, self.intercept_hidden_, self.intercept_visible_)

    def _check_X(self, X, *, fresh):
        """Validate X; a fresh model takes its dtype and its number of features."""
        dtype = (np.float64, np.float32) if fresh else self.components_.dtype
        X = validate_data(self, X, accept_sparse="csr", dtype=dtype, reset=fresh)
        # Not X.min() of a sparse X, which would sort the user's own arrays.
        values, implicit = (X.data, {"initial": 0}) if issparse(X) else (X, {})
        low, high = values.min(**implicit), values.max(**implicit)
        if low < 0 or high > 1:
            warn(
                f"{type(self).__name__} models features in [0, 1]; X goes from "
                f"{low:.3g} to {high:.3g}. Scale it, with "
                "sklearn.preprocessing.MinMaxScaler (MaxAbsScaler for a sparse X "
                "without negative values) in a pipeline, or binarize it."
            )
        return X

    # -- training ---------------------------------------------------------

    def _fit(self, X, n_epochs, *, fresh):
        X = self._check_X(X, fresh=fresh)
        rows = as_rows(X, 1)
        if fresh:
            self._initialize(X.shape[1], X.dtype)
        machine = self._machine()
        machine.prepare(min(int(self.batch_size), rows.n_samples))
        self.components_ = machine.layer.coef  # follows, and keeps no old arrays
        self.n_iter_ = 0
        try:
            self._run_epochs(machine, rows, n_epochs)
        except KeyboardInterrupt:
            warn("Training interrupted by user.")
        finally:
            self.components_ = machine.layer.coef
            self.intercept_hidden_ = machine.hidden_bias
            self.intercept_visible_ = machine.visible_bias
        self._check_finite()
        return self

    def _run_epochs(self, machine, rows, n_epochs):
        rule = SET()
        for _ in range(n_epochs):
            begin = time.perf_counter()
            if self._n_epochs_seen:  # between epochs: never after the last
                rule.evolve(
                    [machine.layer],
                    Occasion(self.zeta, self._n_epochs_seen, 0.0, self._topology_rng),
                )
            self._run_epoch(machine, rows)
            self.n_iter_ += 1
            self._n_epochs_seen += 1
            if not np.isfinite(machine.visible_bias).all():
                return
            if self.verbose:
                self._report(machine, rows, time.perf_counter() - begin)

    def _run_epoch(self, machine, rows):
        solver = SGD(self.learning_rate)
        order = self._shuffle_rng.permutation(rows.n_samples)
        n_batches = -(-rows.n_samples // int(self.batch_size))
        for batch in gen_even_slices(rows.n_samples, n_batches):
            v = machine.batch(batch.stop - batch.start)
            rows.dense(order[batch], v, machine.layer.n_threads)
            machine.learn(v, self.cd_steps, solver, self.alpha, self._chain_rng)

    def _report(self, machine, rows, seconds):
        scores = self._map_rows(machine, machine.pseudo_log_likelihood, rows)
        print(
            f"[{type(self).__name__}] Iteration {self.n_iter_}, "
            f"pseudo-likelihood = {scores.mean():.2f}, time = {seconds:.2f}s"
        )

    def _check_finite(self):
        weights = self.components_.data, self.intercept_hidden_, self.intercept_visible_
        if not all(np.isfinite(w).all() for w in weights):
            raise ValueError(
                "Training diverged: the weights are no longer finite. Scale X to "
                f"[0, 1], or lower learning_rate={self.learning_rate}."
            )

    # -- scikit-learn -----------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Fit the model to the data X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, features in [0, 1]. float32 stays float32; all else becomes
            float64.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Ignored; here for scikit-learn's interface.

        Returns
        -------
        self : SETRBM
            The fitted model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._fit(X, self.n_iter, fresh=True)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Update the model with a single epoch over the given data.

        The data are learnt in minibatches of `batch_size`. The links evolve before each
        call but the first, as they do between the epochs of `fit`; for a stream of
        small pieces use a small `zeta`, or 0. `n_components` and `epsilon` are those of
        the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, features in [0, 1].

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Ignored; here for scikit-learn's interface.

        Returns
        -------
        self : SETRBM
            The updated model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._fit(X, 1, fresh=not hasattr(self, "components_"))

    def transform(self, X):
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
        check_is_fitted(self)
        X = self._check_X(X, fresh=False)
        machine = self._machine()
        return self._map_rows(machine, machine.hidden_probabilities, as_rows(X, 1))

    def gibbs(self, v):
        """Perform one Gibbs sampling step.

        Parameters
        ----------
        v : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible layer to start from.

        Returns
        -------
        v_new : ndarray of shape (n_samples, n_features), dtype bool
            Values of the visible layer after one Gibbs step. Each call goes on in the
            stream of random numbers that `fit` started.
        """
        check_is_fitted(self)
        X = self._check_X(v, fresh=False)
        machine, rng = self._machine(), self.random_state_

        def step(v):
            h = machine.sample(machine.hidden_probabilities(v), rng)
            return machine.sample(machine.visible_probabilities(h), rng) > 0

        return self._map_rows(machine, step, as_rows(X, 1))

    def score_samples(self, X):
        """Compute the pseudo-likelihood of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values of the visible layer, in [0, 1].

        Returns
        -------
        pseudo_likelihood : ndarray of shape (n_samples,), dtype float64
            Log of the pseudo-likelihood, ``sum_i log P(v_i | all other v)``: a proxy
            for the likelihood.

        Notes
        -----
        BernoulliRBM corrupts one random feature of each sample and multiplies its term
        by the number of features, which estimates this sum. Sparse links make the sum
        itself affordable, so that the result is exact and takes no random number.
        """
        check_is_fitted(self)
        X = self._check_X(X, fresh=False)
        machine = self._machine()
        return self._map_rows(machine, machine.pseudo_log_likelihood, as_rows(X, 1))

    @staticmethod
    def _map_rows(machine, function, rows):
        """Apply a function of feature-major batches and stack its results by rows."""
        sizes = machine.layer.n_in, machine.layer.n_out
        batch_size = predict_batch_size(sizes, rows.dtype.itemsize)
        return map_batches(
            lambda selected: function(SETRBM._take(rows, selected, machine)),
            rows.n_samples,
            batch_size,
        )

    @staticmethod
    def _take(rows, selected, machine):
        """Return ``X[selected].T``, dense."""
        out = np.empty((rows.n_features, selected.size), dtype=rows.dtype)
        rows.dense(selected, out, machine.layer.n_threads)
        return out

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
