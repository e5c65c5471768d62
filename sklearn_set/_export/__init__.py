"""Fitted models in other forms: ONNX graphs, scikit-learn's dense perceptrons."""
