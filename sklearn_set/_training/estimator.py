"""What all estimators share, perceptrons and Boltzmann machine."""

from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin

from sklearn_set._training.evolver import Evolver, Period
from sklearn_set._utils.html import LayersAndAttributes
from sklearn_set.evolution import as_rules


class SETEstimator(CallbackSupportMixin, BaseEstimator):
    """Evolves by `evolution`, `evolve_every` and `zeta`, and can go on learning."""

    # The template of the links that the HTML representation has.
    _doc_link_module = "sklearn_set"
    _doc_link_template = (
        "https://sklearn-set.readthedocs.io/en/latest/generated/"
        "sklearn_set.{estimator_name}.html"
    )

    def _check_evolution(self, *, incremental):
        """Refuse what `evolution`, `evolve_every` or `partial_fit` cannot do."""
        as_rules(self.evolution)
        Period.parse(self.evolve_every)
        if incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True, as it has no epochs "
                "to stop after. Set early_stopping=False, or use fit."
            )

    def _start_evolver(self, layers):
        return Evolver(
            layers,
            rules=as_rules(self.evolution),
            period=Period.parse(self.evolve_every),
            zeta=self.zeta,
            clock=self._clock,
            rng=self._topology_rng,
        )

    def _get_fitted_attr_html(self, doc_link=""):
        attributes = super()._get_fitted_attr_html(doc_link)
        return LayersAndAttributes(attributes, self._weight_matrices())

    def __getstate__(self):
        state = super().__getstate__()
        if not state.get("_goes_on", True):  # the next fit starts anew
            state = {**state, "_solver_states": None}
        return state
