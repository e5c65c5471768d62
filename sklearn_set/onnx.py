"""Export to ONNX: this package's estimators in skl2onnx's conversions.

After one call of :func:`register`, ``skl2onnx.to_onnx`` converts fitted estimators of
this package, also in pipelines. The conversion needs skl2onnx. To run the result, use
for instance onnxruntime. Both are installed by ``pip install 'sklearn_set[onnx]'``.
"""

__all__ = ["register"]


def register() -> None:
    """Let skl2onnx convert the estimators of this package.

    Call it once, before ``skl2onnx.to_onnx``. The graph of a classifier returns labels
    and probabilities, that of a regressor its predictions, and that of a SETRBM the
    output of `transform`. The graph computes in float64 if its input is float64, and
    otherwise in float32.

    The weights of layers of more than 1 MB are written as sparse tensors. Runtimes such
    as onnxruntime make them dense when they load the file.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    The conversion raises a ValueError if a layer takes more than 2 GB as a dense array,
    or if class labels are neither strings nor integers.

    Examples
    --------
    >>> from skl2onnx import to_onnx  # doctest: +SKIP
    >>> from sklearn_set.onnx import register
    >>> register()  # doctest: +SKIP
    >>> graph = to_onnx(pipeline, X[:1])  # doctest: +SKIP
    """
    try:
        import skl2onnx  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "sklearn_set.onnx needs skl2onnx; install it with: "
            "pip install 'sklearn_set[onnx]'"
        ) from error
    from sklearn_set._export import converters

    converters.register()
