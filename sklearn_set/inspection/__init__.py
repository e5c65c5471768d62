"""Looking into fitted models: who is linked to whom, and what that says.

Plain functions on fitted estimators, which return arrays, numbers or Bunches of them;
displays, which draw (with matplotlib); and a callback that records the topology.
"""

from sklearn_set.inspection._displays import (
    ComponentsDisplay,
    DegreeDisplay,
    InputStrengthDisplay,
    SparsityDisplay,
    TrainingDisplay,
    WeightDisplay,
)
from sklearn_set.inspection._distance import surviving_connections, topology_distance
from sklearn_set.inspection._graph import clustering, path_lengths
from sklearn_set.inspection._layers import degrees, input_strength, weight_matrices
from sklearn_set.inspection._power_law import fit_power_law
from sklearn_set.inspection._recorder import TopologyRecorder
from sklearn_set.inspection._units import idle_units

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
