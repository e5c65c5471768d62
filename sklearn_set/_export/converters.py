"""skl2onnx's converters: the graph of each estimator, and the types of its outputs."""

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.common.utils_classifier import get_label_classes

from sklearn_set._export.activations import HIDDEN, OUTPUT
from sklearn_set._export.graph import Graph, dtype_of
from sklearn_set._mlp import SETMLPClassifier, SETMLPRegressor
from sklearn_set._mlp.settings import hidden_activations
from sklearn_set._rbm import SETRBM


def register():
    """Register the converters of all estimators."""
    options = {
        "zipmap": [True, False, "columns"],
        "output_class_labels": [False, True],
        "nocl": [False, True],
    }
    for estimator, types, convert, choices in [
        (SETMLPClassifier, _classifier_types, _convert_classifier, options),
        (SETMLPRegressor, _regressor_types, _convert_regressor, None),
        (SETRBM, _rbm_types, _convert_rbm, None),
    ]:
        alias = f"SklearnSet{estimator.__name__}"
        update_registered_converter(estimator, alias, types, convert, options=choices)


def _number_type(operator, n_columns):
    kind = DoubleTensorType if dtype_of(operator) == np.float64 else FloatTensorType
    return kind([operator.inputs[0].get_first_dimension(), n_columns])


def _add_network(graph, model):
    """Add the network of a perceptron; return the name of its outputs."""
    names, x = model.activations_, graph.input
    activations = hidden_activations(names, len(names))
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    for layer, name, activation, parameters in zip(
        layers[:-1], names, activations, model.activation_parameters_, strict=True
    ):
        x = HIDDEN[name](graph, graph.layer(x, *layer), activation, parameters)
    op, attributes = OUTPUT[model.out_activation_]
    return graph.add(op, graph.layer(x, *layers[-1]), **attributes)


# -- classifier ----------------------------------------------------------------


def _is_multilabel(model):
    return model.out_activation_ == "logistic" and model.n_outputs_ > 1


def _labels(operator):
    """Return the class labels as ONNX's text or integers.

    Raises
    ------
    ValueError
        If they are something else.
    """
    labels = get_label_classes(operator.scope_inst, operator.raw_operator)
    if all(isinstance(label, str) for label in labels):
        return labels.astype(object)
    if labels.dtype.kind in "biuf" and (labels == labels.astype(np.int64)).all():
        return labels.astype(np.int64)
    raise ValueError(
        f"Class labels in ONNX are text or whole numbers, got {labels!r}. Fit to such "
        "labels, for instance those of sklearn.preprocessing.LabelEncoder."
    )


def _classifier_types(operator):
    model, n = operator.raw_operator, operator.inputs[0].get_first_dimension()
    labels = _labels(operator)
    kind = StringTensorType if labels.dtype == object else Int64TensorType
    shape = [n, labels.size] if _is_multilabel(model) else [n]
    operator.outputs[0].type = kind(shape)
    operator.outputs[1].type = _number_type(operator, labels.size)


def _convert_classifier(scope, operator, container):
    graph, model = Graph(scope, operator, container), operator.raw_operator
    outputs = _add_network(graph, model)
    if _is_multilabel(model):
        labels = graph.cast(graph.add("Greater", outputs, 0.5), np.int64)
    else:
        outputs = _probabilities(graph, model, outputs)
        best = graph.add("ArgMax", outputs, axis=1, keepdims=0)
        labels = graph.look_up(_labels(operator), best)
    graph.finish(labels, operator.outputs[0])
    graph.finish(outputs, operator.outputs[1])


def _probabilities(graph, model, outputs):
    """Add the probabilities of all classes; of one class it is 1."""
    if model.n_outputs_ > 1:
        return outputs
    others = graph.add("Sub", 1, outputs)
    if model.classes_.size == 1:
        return graph.add("Add", outputs, others)
    return graph.add("Concat", others, outputs, axis=1)


# -- the others ----------------------------------------------------------------


def _regressor_types(operator):
    n_outputs = operator.raw_operator.n_outputs_
    operator.outputs[0].type = _number_type(operator, n_outputs)


def _convert_regressor(scope, operator, container):
    graph = Graph(scope, operator, container)
    graph.finish(_add_network(graph, operator.raw_operator), operator.outputs[0])


def _rbm_types(operator):
    n_components = operator.raw_operator.components_.shape[0]
    operator.outputs[0].type = _number_type(operator, n_components)


def _convert_rbm(scope, operator, container):
    graph, model = Graph(scope, operator, container), operator.raw_operator
    z = graph.layer(graph.input, model.components_.T, model.intercept_hidden_)
    graph.finish(graph.add("Sigmoid", z), operator.outputs[0])
