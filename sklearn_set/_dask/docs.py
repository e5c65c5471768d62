"""Docstrings of the estimators for Dask, made from those of the plain ones."""

import re

SUMMARY = """{plain} trained on a Dask cluster, without moving the data.

In each round, every worker trains a copy of the model on its own partitions, from the
same weights. The weights and the solver's state are then averaged, weighted by the
numbers of samples (local SGD [d1]_). The connections evolve on the client, so that all
copies have the same connections (the first phase of WASAP-SGD [d2]_). The result
depends on the partitions and `random_state`, but not on the number of workers. With one
partition it is the same as that of :class:`{plain}`, bit for bit. See the user guide's
:ref:`page on clusters <distributed>`."""

PARAMETERS = """rounds_per_epoch : int, default=1
    Number of times that the copies of the model are averaged in an epoch, at equal
    intervals. They are also averaged before each evolution. More rounds need more
    communication, and keep the copies more similar.

n_replicas : int, default=None
    Number of copies of the model that are trained in parallel. Each copy is trained on
    an equal number of partitions, one after the other. None means one copy for each
    partition. With many small partitions, set it to the number of workers.

persist : bool, default=True
    Whether the workers keep the data in memory. False, for data larger than memory,
    computes the partitions again in each epoch, and loads the next one during training.

client : distributed.Client, default=None
    The client of the cluster; None for the one that was created last.
"""

COMMUNICATION = """communication_ : dict of str to int
    Communication of the fit: the number of ``"rounds"``; the bytes of weights and
    solver state that were sent from the workers for averaging, ``"value_bytes_up"``,
    and back to the workers, ``"value_bytes_down"``; and the bytes of the connections,
    ``"topology_bytes"``, which are sent when they change.
"""

REFERENCES = """.. [d1] S. U. Stich. "Local SGD converges fast and communicates little".
   International Conference on Learning Representations (2019), arXiv:1805.09767.

.. [d2] S. Curci, D. C. Mocanu and M. Pechenizkiy. "Truly sparse neural networks at
   scale" (2021), arXiv:2102.01732.
"""


def documented(plain):
    """Return the docstring of a class for Dask.

    Parameters
    ----------
    plain : class
        The estimator whose parameters and attributes it has, too.

    Returns
    -------
    doc : str
    """
    doc = re.sub(r"(?m)^    ", "", plain.__doc__)
    sections = re.split(r"(?m)^(?=[A-Z][A-Za-z ]+\n-+\n)", doc)
    by_name = {section.split("\n", 1)[0]: section for section in sections[1:]}
    by_name.pop("Examples", None)
    by_name["Parameters"] = _with(by_name["Parameters"], PARAMETERS)
    by_name["Attributes"] = _with(by_name["Attributes"], COMMUNICATION)
    by_name["References"] = _with(by_name["References"], REFERENCES)
    parts = [SUMMARY.format(plain=plain.__name__), *by_name.values()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _with(section, text):
    return section.rstrip() + "\n\n" + text
