"""The parts of their docstrings that the classifier and the regressor share."""

import inspect

PARAMETERS = """
hidden_layer_sizes : int or array-like of shape (n_layers - 2,), default=(1000, 100)
    The ith element is the number of units in the ith hidden layer. Sparse layers
    want to be wider than dense ones. The defaults of this and of other parameters
    were measured on 13 sets of data (doc/results.md).

activation : str or list of str, default='relu'
    Activation function of the hidden layers: one for all, or one for each.

    - 'identity' returns f(x) = x
    - 'logistic' returns f(x) = 1 / (1 + exp(-x))
    - 'tanh' returns f(x) = tanh(x)
    - 'relu' returns f(x) = max(0, x)
    - 'leaky_relu' returns f(x) = max(x, 0.01 x)
    - 'elu' returns f(x) = x if x > 0 else exp(x) - 1
    - 'gelu' returns f(x) = x P(Z <= x), for a standard normal Z
    - 'silu' returns f(x) = x / (1 + exp(-x))
    - 'all_relu' returns f(x) = x if x > 0 else a x, where a is 0.6 in the first,
      third, ... hidden layer and -0.6 in the others [3]_
    - 'srelu' is linear in three pieces, whose outer slopes and whose ends each unit
      learns [4]_; the authors of SET use it

epsilon : float or None, default=20
    Sparsity parameter: a layer between n_in and n_out units has
    ``min(round(epsilon * (n_in + n_out)), n_in * n_out)`` links, so that a unit has
    at least `epsilon` links on either side, and twice that between layers of the same
    size, however wide they are. None, without a
    `density`, means a dense network.

density : float, default=None
    Share of the dense network's weights, in (0, 1]; it takes the place of `epsilon`
    where it is given. The links are shared out over the layers in proportion to
    n_in + n_out, as with `epsilon`, but for layers that are full.

zeta : float, default=0.3
    Fraction of the links that is dropped and regrown when the network evolves. In
    [0, 1); 0 keeps the random topology fixed. Layers with more than 80 % of all
    possible links do not evolve.

evolution : {'set', 'rigl', 'fixed'}, rule, or list of those, default='set'
    How the network evolves.

    - 'set' drops the weakest of the positive and of the negative weights, and grows
      links at random [1]_
    - 'rigl' drops the weakest weights, and grows links where the loss's gradient on
      a batch is largest; the fraction falls from `zeta` to 0 [5]_
    - 'fixed' keeps the random topology
    - a rule is an object such as ``sklearn_set.evolution.SET(annealed=True)``, or
      one of your own; those of a list are used one after the other

evolve_every : int or str, default=1
    The network evolves after as many epochs, or after as many batches if it is a
    string such as '100 steps'. It never does after the last.

init : {'auto', 'he', 'glorot', 'normal'} or estimator, default='auto'
    Standard deviation of the first weights, which are normal. 'he' and 'glorot' are
    ``sqrt(2 / fan_in)`` and ``sqrt(2 / (fan_in + fan_out))`` with the links that a
    unit has on average rather than with the units it could be linked to; 'normal' is
    0.1. 'auto' is 'glorot' for the activations 'identity', 'logistic' and 'tanh',
    and 'he' for the others. Biases, and the weights of links that grow later, start
    at 0.

    A restricted Boltzmann machine, such as :class:`SETRBM`, with as many components
    as the first hidden layer has units, gives that layer its links, weights and
    biases; the other layers start as with 'auto'. It is fitted to the training data
    first, a clone of it to be precise, unless it is fitted already. (Searches clone
    it; :class:`~sklearn.frozen.FrozenEstimator` keeps it fitted.) Its units are
    'logistic', so that this is the activation to begin with.

solver : {'sgd', 'adam', 'adamw', 'rmsprop'}, default='adam'
    The solver for weight optimization. What it keeps for a link lives as long as
    the link.

    - 'sgd' is stochastic gradient descent with momentum; it keeps one value a link
    - 'adam' is the method of Kingma and Ba [2]_; it keeps two
    - 'adamw' is Adam with the penalty outside of the gradient [6]_
    - 'rmsprop' divides by the root of a running mean of squared gradients, with
      Adam's correction for its start at 0; it keeps one

alpha : float, default=0.1
    Strength of the L2 regularization term, which is divided by the number of samples
    of the batch when added to the loss: smaller batches, as in `partial_fit` of small
    pieces, want a smaller `alpha`. With 'adamw' each step takes
    ``learning_rate * alpha / batch_size`` of the weights instead.

dropout : float or list of float, default=0.0
    Share of the hidden units that each batch does without, in [0, 1); the others are
    scaled up to make good for them. A list has a rate for the input and for each
    hidden layer, as in ``[0.2, 0.5, 0.5]`` for two hidden layers.

batch_size : int or 'auto', default='auto'
    Size of minibatches. When set to "auto", ``batch_size=min(32, n_samples)``.

learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine'}, default='constant'
    Schedule of the learning rate, which changes between epochs.

    - 'constant' is `learning_rate_init` throughout
    - 'invscaling' is ``learning_rate_init / pow(t + 1, power_t)`` after t training
      samples
    - 'adaptive' divides the rate by 5 each time that training would stop for want of
      improvement, as long as it is above 1e-6
    - 'cosine' falls along half a cosine, from `learning_rate_init` to almost 0 in
      the last of `max_iter` epochs; calls of `partial_fit` count as epochs

learning_rate_init : float, default=0.001
    The first learning rate.

power_t : float, default=0.5
    The exponent of the learning rate 'invscaling'.

max_iter : int, default=200
    Maximum number of epochs: how many times each sample is used.

shuffle : bool, default=True
    Whether to shuffle samples in each epoch.

random_state : int, RandomState instance, default=None
    Determines random number generation for the topology, the weights, the order of
    the samples, dropout, the validation set, and what `batch_transform` gets; each
    has a stream of its own. Pass an int for reproducible results across multiple
    function calls.

tol : float, default=1e-4
    Tolerance for the optimization. When the training loss, or with `early_stopping`
    the validation score, is not improving by at least `tol` for `n_iter_no_change`
    consecutive epochs, training stops, unless `learning_rate` is 'adaptive'.

n_iter_no_change : int, default=10
    Maximum number of epochs to not meet `tol` improvement; ``np.inf`` for no limit.

early_stopping : bool, default=False
    Whether to stop when the score on a validation set is not improving, and to go
    back to the best weights. The set is `X_val` and `y_val` of `fit`, or else a
    random part of the training data, stratified by class.

validation_fraction : float, default=0.1
    Share of the training data to set aside for early stopping, in (0, 1).

scoring : str or callable, default=None
    How the validation set is scored: None by the method `score`, 'loss' by the
    negative loss, else a name as in :ref:`sklearn:scoring_string_names` or a
    callable ``scorer(estimator, X, y)``.

batch_transform : callable, default=None
    Applied to each training batch, as data augmentation: ``batch_transform(X, rng)``
    gets a copy of the batch's rows, of shape (n_batch, n_features), and a
    `numpy.random.Generator`, and returns as many rows and columns.

verbose : bool or int, default=False
    Whether to print the loss of each epoch, and the validation score.

warm_start : bool, default=False
    When set to True, a further call of `fit` goes on from where the last one ended,
    with its topology and its solver's state; otherwise it starts anew.

momentum : float, default=0.9
    Momentum for gradient descent update, in [0, 1]. Only used when solver='sgd'.

nesterovs_momentum : bool, default=True
    Whether to use Nesterov's momentum. Only used when solver='sgd' and
    momentum > 0.

beta_1 : float, default=0.9
    Exponential decay rate for estimates of the first moment, in [0, 1). Used by
    'adam' and 'adamw'.

beta_2 : float, default=0.999
    Exponential decay rate for estimates of the second moment, in [0, 1). Used by
    'adam', 'adamw' and 'rmsprop'.

adam_epsilon : float, default=1e-8
    Value for numerical stability in 'adam', 'adamw' and 'rmsprop'; `epsilon` of
    other estimators, which here is the sparsity parameter.
"""

ATTRIBUTES = """
coefs_ : list of csr_array of shape (n_in, n_out)
    The ith element holds the weights between layer i and layer i + 1, in
    ``n_layers_ - 1`` layers.

intercepts_ : list of ndarray of shape (n_out,)
    The ith element holds the biases of layer i + 1.

activation_parameters_ : list of ndarray of shape (n_parameters, n_units)
    What the units of each hidden layer have learnt about their activation; with
    'srelu' the four rows are t_l, a_l, t_r and a_r, otherwise there is none.

feature_importances_ : ndarray of shape (`n_features_in_`,)
    Sum of the magnitudes of each input feature's weights, normalised to the sum 1. They
    say little of a first layer that is full, as with few features, and does not evolve.

n_connections_ : int
    Number of links.

density_ : float
    Their share of the dense network's weights.

loss_ : float
    Mean training loss of the last epoch.

loss_curve_ : list of float
    The ith element is the mean training loss of the ith epoch.

best_loss_ : float or None
    The lowest training loss of an epoch; None with `early_stopping`.

validation_scores_ : list of float or None
    The score of each epoch on the validation set; None if there was none.

best_validation_score_ : float or None
    The best of these.

n_iter_ : int
    Number of epochs of the last call.

t_ : int
    Number of training samples seen: those of each epoch.

n_layers_ : int
    Number of layers, the input included.

n_outputs_ : int
    Number of outputs.

n_features_in_ : int
    Number of features seen during `fit`.

feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of features seen during `fit`, if `X` has them and they are all strings.
"""

NOTES = """
The evolution step is made before an epoch, but not before the first one, which is the
same as after each but the last; `partial_fit` and `warm_start` go on in the same way.

A sparse `X` is never made dense: the first layer takes time in proportion to the
non-zeros. If more than about a tenth of `X` is non-zero, a dense `X` is faster. The
model is the same but for rounding; the penalty in the reported loss counts the
links of features that are absent from a batch as when they were last present.

A pickle holds the solver's state, which is as large as the weights or twice as large,
only where training is meant to go on: after `partial_fit` and with `warm_start`.
"""

REFERENCES = """
.. [1] D. C. Mocanu, E. Mocanu, P. Stone, P. H. Nguyen, M. Gibescu and A. Liotta.
   "Scalable training of artificial neural networks with adaptive sparse
   connectivity inspired by network science". Nature Communications 9, 2383 (2018).

.. [2] D. P. Kingma and J. Ba. "Adam: a method for stochastic optimization".
   International Conference on Learning Representations (2015), arXiv:1412.6980.

.. [3] S. Curci, D. C. Mocanu and M. Pechenizkiy. "Truly sparse neural networks at
   scale" (2021), arXiv:2102.01732.

.. [4] X. Jin, C. Xu, J. Feng, Y. Wei, J. Xiong and S. Yan. "Deep learning with
   S-shaped rectified linear activation units". AAAI Conference on Artificial
   Intelligence (2016), arXiv:1512.07030.

.. [5] U. Evci, T. Gale, J. Menick, P. S. Castro and E. Elsen. "Rigging the lottery:
   making all tickets winners". International Conference on Machine Learning (2020),
   arXiv:1911.11134.

.. [6] I. Loshchilov and F. Hutter. "Decoupled weight decay regularization".
   International Conference on Learning Representations (2019), arXiv:1711.05101.
"""

_PARTS = {
    "PARAMETERS": PARAMETERS,
    "ATTRIBUTES": ATTRIBUTES,
    "NOTES": NOTES,
    "REFERENCES": REFERENCES,
}


def documented(cls):
    """Put the shared parts in the place of ``<PARAMETERS>`` and so on."""
    doc = inspect.cleandoc(cls.__doc__)
    for name, text in _PARTS.items():
        doc = doc.replace(f"<{name}>", text.strip())
    cls.__doc__ = f"{doc}\n"
    return cls
