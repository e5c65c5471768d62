"""An ONNX graph that is being built by one of skl2onnx's converters."""

import numpy as np
from onnx import helper
from scipy.sparse import coo_matrix
from skl2onnx.common.data_types import DoubleTensorType

# Weights that take less than this as a dense array are written as one.
DENSE_BYTES = 1 << 20
# Runtimes make sparse weights dense; no tensor of ONNX may take more.
MAX_DENSE_BYTES = (1 << 31) - 1
INDEX_BYTES = 8


def dtype_of(operator):
    """Return the dtype that a graph computes in: float64 if its input is, or float32.

    Parameters
    ----------
    operator : skl2onnx Operator
        Of an estimator with one input.
    """
    is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
    return np.dtype(np.float64 if is_double else np.float32)


class Graph:
    """Adds operators to the graph; their results are known by name.

    Parameters
    ----------
    scope, operator, container
        The arguments of a converter of skl2onnx.

    Attributes
    ----------
    dtype : dtype
        In which the graph computes.
    input : str
        The input, in this dtype.
    """

    def __init__(self, scope, operator, container):
        self._scope, self._container = scope, container
        self.dtype = dtype_of(operator)
        (source,) = operator.inputs
        self.input = self.cast(source.full_name, self.dtype)

    def add(self, op, *inputs, **attributes):
        """Add an operator.

        Parameters
        ----------
        op : str
            Its name in ONNX.
        *inputs : str, number or ndarray
            Earlier results by name, or constants.
        **attributes : dict
            Its attributes.

        Returns
        -------
        result : str
            Name of the result.
        """
        names = [x if isinstance(x, str) else self._constant(x) for x in inputs]
        result = self._scope.get_unique_variable_name(op.lower())
        self._container.add_node(op, names, result, **attributes)
        return result

    def cast(self, source, dtype):
        """Convert a result to another dtype."""
        return self.add("Cast", source, to=_element_type(dtype))

    def layer(self, source, coef, bias):
        """Add the weighted sums of a layer.

        Parameters
        ----------
        source : str
            The activations before it.
        coef : csr_array of shape (n_in, n_out)
            Its weights.
        bias : ndarray of shape (n_out,)
            Its biases.

        Raises
        ------
        ValueError
            If the weights are too large for a dense array.
        """
        return self.add("Add", self.add("MatMul", source, self._weights(coef)), bias)

    def look_up(self, values, indices):
        """Add a table look-up, of integers or text.

        Parameters
        ----------
        values : ndarray of shape (n,)
            The table: int64 or object.
        indices : str
            The result that says what to look up.
        """
        content = (
            [str(v).encode() for v in values] if values.dtype == object else values
        )
        table = self._initializer(values.dtype, values.shape, content)
        return self.add("Gather", table, indices)

    def finish(self, source, output):
        """Make a result an output of the estimator that is converted."""
        self._container.add_node("Identity", source, output.full_name)

    def _constant(self, values):
        values = np.asarray(values, dtype=self.dtype)
        return self._initializer(self.dtype, values.shape, values.ravel())

    def _weights(self, coef):
        """Add a weight matrix: dense if it is small, or nearly dense."""
        n_bytes = coef.shape[0] * coef.shape[1] * self.dtype.itemsize
        if n_bytes > MAX_DENSE_BYTES:
            raise ValueError(
                f"A layer of {coef.shape[0]} times {coef.shape[1]} units takes "
                f"{n_bytes / 1e9:.1f} GB as a dense array; ONNX allows 2 GB. Save the "
                "model with joblib or skops instead."
            )
        sparse_bytes = coef.nnz * (self.dtype.itemsize + INDEX_BYTES)
        if n_bytes <= max(DENSE_BYTES, sparse_bytes):
            return self._constant(coef.toarray())
        return self._initializer(
            self.dtype, coef.shape, coo_matrix(coef, dtype=self.dtype)
        )

    def _initializer(self, dtype, shape, content):
        name = self._scope.get_unique_variable_name("constant")
        self._container.add_initializer(
            name, _element_type(dtype), list(shape), content
        )
        return name


def _element_type(dtype):
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
