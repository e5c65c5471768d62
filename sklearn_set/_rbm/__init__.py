"""Restricted Boltzmann machine: estimator, model, and how it is trained."""

from sklearn_set._rbm.rbm import SETRBM

__all__ = ["SETRBM"]
