"""Multi-layer perceptrons that scikit-learn sees."""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)

from sklearn_set._mlp.base import BaseSETMLP
from sklearn_set._mlp.docs import documented
from sklearn_set._mlp.losses import LOSSES
from sklearn_set._training.validation_set import OwnValidation


@documented
class SETMLPClassifier(ClassifierMixin, BaseSETMLP):
    """Multi-layer perceptron classifier trained by Sparse Evolutionary Training.

    Each layer starts as a sparse random graph. After every epoch but the last, the
    links with the weakest weights are dropped and as many new ones grow at random
    places [1]_. The network learns its own topology, with a few percent of the weights
    of a dense one; time and memory grow with the links. It minimises the log-loss.

    Parameters
    ----------
    <PARAMETERS>

    class_weight : dict, list of dict or 'balanced', default=None
        Weights of the classes, as ``{label: weight}``; they multiply the samples'
        weights. 'balanced' gives each class the same weight altogether. For a
        multilabel indicator matrix, a list with a dict for each label.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, or the numbers of the labels of a multilabel target.

    out_activation_ : str
        Activation of the output: 'softmax' for several classes, 'logistic' for two and
        for multilabel targets.

    <ATTRIBUTES>

    See Also
    --------
    SETMLPRegressor : The same for regression.
    SETRBM : Features without labels, on a sparse graph.
    sklearn.neural_network.MLPClassifier : The dense counterpart.

    Notes
    -----
    <NOTES>

    References
    ----------
    <REFERENCES>

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_set import SETMLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> clf = make_pipeline(
    ...     StandardScaler(), SETMLPClassifier(tol=1e-2, random_state=0)
    ... )
    >>> clf.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    >>> clf[-1].n_connections_
    44280
    """

    _parameter_constraints: dict = {
        **BaseSETMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(1000, 100),
        activation="relu",
        *,
        epsilon=20,
        density=None,
        zeta=0.3,
        evolution="set",
        evolve_every=1,
        init="auto",
        solver="adam",
        alpha=0.1,
        dropout=0.0,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        scoring=None,
        batch_transform=None,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        adam_epsilon=1e-8,
        class_weight=None,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            epsilon=epsilon,
            density=density,
            zeta=zeta,
            evolution=evolution,
            evolve_every=evolve_every,
            init=init,
            solver=solver,
            alpha=alpha,
            dropout=dropout,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            scoring=scoring,
            batch_transform=batch_transform,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            beta_1=beta_1,
            beta_2=beta_2,
            adam_epsilon=adam_epsilon,
        )
        self.class_weight = class_weight

    def _loss_name(self):
        return self.out_activation_

    def _is_stratified(self):
        return self._label_binarizer.y_type_ in ("binary", "multiclass")

    def _validate_input(self, X, y, *, incremental, fresh):
        X, y = self._validate(X, y, fresh)
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if fresh and not incremental:
            self._set_classes(y)
        else:
            self._check_classes(y, incremental)
        return X, y

    def _check_targets(self, y):
        unknown = np.setdiff1d(unique_labels(y), self.classes_)
        if unknown.size:
            raise ValueError(
                f"`y_val` has classes not in `y`, {unknown}. Leave out their rows."
            )

    def _targets(self, y, dtype):
        """Return an indicator matrix, (n_samples, n_outputs)."""
        return self._label_binarizer.transform(y).astype(bool)

    def _with_class_weights(self, weights, y):
        """Multiply the weights of the samples by those of their classes, if any."""
        if self.class_weight is None:
            return weights
        if self._is_stratified() and weights is not None:
            # As if each sample were there as often as it weighs.
            values = compute_class_weight(
                self.class_weight, classes=self.classes_, y=y, sample_weight=weights
            )
            own = values[np.searchsorted(self.classes_, y)]
        else:
            own = compute_sample_weight(self.class_weight, y)
        return own if weights is None else (weights * own).astype(weights.dtype)

    def _check_settings(self, own_validation, *, incremental):
        super()._check_settings(own_validation, incremental=incremental)
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which sees a "
                "part of the data only. Pass a dict, such as sklearn's "
                "compute_class_weight('balanced', ...) gives for all data."
            )

    def _set_classes(self, labels):
        """Learn the classes from labels or, for several outputs, an indicator matrix.

        Raises
        ------
        ValueError
            If there are fewer than two classes.
        """
        binarizer = LabelBinarizer().fit(labels)
        if not binarizer.y_type_.startswith("multilabel") and (
            binarizer.classes_.size < 2
        ):
            raise ValueError(
                "A classifier needs samples of at least two classes; the labels hold "
                f"only one class, {binarizer.classes_.tolist()[0]!r}."
            )
        self._label_binarizer = binarizer
        self.classes_ = binarizer.classes_
        is_multiclass = binarizer.y_type_ == "multiclass"
        self.out_activation_ = "softmax" if is_multiclass else "logistic"

    def _check_classes(self, y, incremental):
        classes = unique_labels(y)
        if incremental:
            if np.setdiff1d(classes, self.classes_).size:
                raise ValueError(
                    "`y` has classes not in `self.classes_`. `self.classes_` has "
                    f"{self.classes_}; `y` has {classes}. Name all classes in the "
                    "first call to partial_fit."
                )
        elif set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{classes}."
            )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Update the model with a single epoch over the given data.

        The links evolve before each call but the first, as they do between the epochs
        of `fit`. A stream of small pieces wants a small `zeta`, or 0, if links are few,
        and a smaller `alpha` with small batches. The topology parameters
        `hidden_layer_sizes`, `epsilon` and `density` are those of the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.

        classes : array of shape (n_classes,), default=None
            Classes across all calls to partial_fit. Required for the first call; `y`
            need not contain all of them. With a multilabel indicator matrix, its column
            numbers.

        Returns
        -------
        self : object
            The updated model.

        Raises
        ------
        ValueError
            If the input is not valid, `y` has a class that is not in `classes`, or
            training diverges.
        """
        is_first = _check_partial_fit_first_call(self, classes)
        try:
            if is_first:
                is_multilabel = type_of_target(y).startswith("multilabel")
                self._set_classes(y if is_multilabel else classes)
            return self._fit(X, y, sample_weight, OwnValidation(), incremental=True)
        except ValueError:
            if is_first and not hasattr(self, "coefs_"):
                del self.classes_  # the next call is the first again
            raise

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            The predicted classes.
        """
        outputs = self._outputs(X)
        if self._label_binarizer.y_type_ == "multiclass":  # a tenth of the time
            return self.classes_[outputs.argmax(axis=1)]
        if self.n_outputs_ == 1:
            outputs = outputs.ravel()
        return self._label_binarizer.inverse_transform(outputs)

    def predict_proba(self, X):
        """Probability estimates.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y_prob : ndarray of shape (n_samples, n_classes)
            The predicted probability of the sample for each class in the model, where
            classes are ordered as they are in `self.classes_`. With a multilabel
            target, the probability that each label holds.
        """
        outputs = self._outputs(X)
        if self.n_outputs_ == 1 and self._label_binarizer.y_type_ == "binary":
            return np.hstack([1 - outputs, outputs])
        return outputs

    def predict_log_proba(self, X):
        """Return the log of probability estimates.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        log_y_prob : ndarray of shape (n_samples, n_classes)
            The predicted log-probability of the sample for each class in the model,
            where classes are ordered as they are in `self.classes_`. Equivalent to
            ``log(predict_proba(X))``.
        """
        with np.errstate(divide="ignore"):  # a probability may round to 0
            return np.log(self.predict_proba(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@documented
class SETMLPRegressor(RegressorMixin, BaseSETMLP):
    """Multi-layer perceptron regressor trained by Sparse Evolutionary Training.

    Each layer starts as a sparse random graph. After every epoch but the last, the
    links with the weakest weights are dropped and as many new ones grow at random
    places [1]_. The network learns its own topology, with a few percent of the weights
    of a dense one; time and memory grow with the links.

    Targets far from the order of 1 want to be scaled, by
    `sklearn.compose.TransformedTargetRegressor` for instance.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'poisson'}, default='squared_error'
        The loss function to minimise, summed over the outputs.

        - 'squared_error' is half the squared error; it leads to the mean
        - 'absolute_error' leads to the median
        - 'poisson' is half the Poisson deviance of the output's exponential, for counts
          and other targets >= 0

    <PARAMETERS>

    Attributes
    ----------
    out_activation_ : str
        Activation of the output: 'exp' with the loss 'poisson', else 'identity'.

    <ATTRIBUTES>

    See Also
    --------
    SETMLPClassifier : The same for classification.
    sklearn.neural_network.MLPRegressor : The dense counterpart.

    Notes
    -----
    <NOTES>

    References
    ----------
    <REFERENCES>

    Examples
    --------
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_set import SETMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> network = SETMLPRegressor(alpha=1, tol=1e-2, random_state=0)
    >>> reg = make_pipeline(
    ...     StandardScaler(),
    ...     TransformedTargetRegressor(network, transformer=StandardScaler()),
    ... )
    >>> reg.fit(X_train, y_train).score(X_test, y_test) > 0.3
    True
    """

    _parameter_constraints: dict = {
        **BaseSETMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "absolute_error", "poisson"})],
    }

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(1000, 100),
        activation="relu",
        *,
        epsilon=20,
        density=None,
        zeta=0.3,
        evolution="set",
        evolve_every=1,
        init="auto",
        solver="adam",
        alpha=0.1,
        dropout=0.0,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        scoring=None,
        batch_transform=None,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        beta_1=0.9,
        beta_2=0.999,
        adam_epsilon=1e-8,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            epsilon=epsilon,
            density=density,
            zeta=zeta,
            evolution=evolution,
            evolve_every=evolve_every,
            init=init,
            solver=solver,
            alpha=alpha,
            dropout=dropout,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            scoring=scoring,
            batch_transform=batch_transform,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            beta_1=beta_1,
            beta_2=beta_2,
            adam_epsilon=adam_epsilon,
        )
        self.loss = loss

    def _loss_name(self):
        return self.loss

    def _is_stratified(self):
        return False

    def _validate_input(self, X, y, *, incremental, fresh):
        X, y = self._validate(X, y, fresh, y_numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._check_targets(y)
        self.out_activation_ = LOSSES[self.loss].out_activation
        return X, y

    def _check_targets(self, y):
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(
                "loss='poisson' needs targets y >= 0. Use another loss, or shift y."
            )

    def _targets(self, y, dtype):
        """Return the values, (n_samples, n_outputs)."""
        return y.reshape(len(y), -1).astype(dtype)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Update the model with a single epoch over the given data.

        The links evolve before each call but the first, as they do between the epochs
        of `fit`. A stream of small pieces wants a small `zeta`, or 0, if links are few,
        and a smaller `alpha` with small batches. The topology parameters
        `hidden_layer_sizes`, `epsilon` and `density` are those of the first call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target values.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.

        Returns
        -------
        self : object
            The updated model.

        Raises
        ------
        ValueError
            If the input is not valid, or training diverges.
        """
        return self._fit(X, y, sample_weight, OwnValidation(), incremental=True)

    def predict(self, X):
        """Predict values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The input data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted values.
        """
        outputs = self._outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
