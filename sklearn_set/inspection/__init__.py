"""Inspection of fitted models: their topology and their weights.

Functions of fitted estimators that return arrays, numbers or Bunches of them; displays,
which plot with matplotlib; and a callback that records the topology.
"""

from sklearn_set.inspection._components_display import ComponentsDisplay
from sklearn_set.inspection._degree_display import DegreeDisplay
from sklearn_set.inspection._distance import surviving_connections, topology_distance
from sklearn_set.inspection._graph import clustering, path_lengths
from sklearn_set.inspection._input_strength_display import InputStrengthDisplay
from sklearn_set.inspection._layers import degrees, input_strength, weight_matrices
from sklearn_set.inspection._power_law import fit_power_law
from sklearn_set.inspection._recorder import TopologyRecorder
from sklearn_set.inspection._sparsity_display import SparsityDisplay
from sklearn_set.inspection._training_display import TrainingDisplay
from sklearn_set.inspection._units import idle_units
from sklearn_set.inspection._weight_display import WeightDisplay

__all__ = [
    "ComponentsDisplay",
    "DegreeDisplay",
    "InputStrengthDisplay",
    "SparsityDisplay",
    "TopologyRecorder",
    "TrainingDisplay",
    "WeightDisplay",
    "clustering",
    "degrees",
    "fit_power_law",
    "idle_units",
    "input_strength",
    "path_lengths",
    "surviving_connections",
    "topology_distance",
    "weight_matrices",
]
