"""Docstrings of the estimators for Dask, made from those of the plain ones."""

import re

SUMMARY = """{plain} that a Dask cluster trains, with the data where they are.

In each round every worker trains on its own partitions, from the same weights; these
and the solver's state are then averaged in proportion to the samples (local SGD [d1]_).
The connections evolve on the client, so that all workers have the same ones (the first
phase of WASAP-SGD [d2]_). The result depends on the partitions and `random_state`, but
not on the number of workers. With one partition it is that of :class:`{plain}`, bit for
bit. The user guide has a :ref:`page on clusters <distributed>`."""

PARAMETERS = """rounds_per_epoch : int, default=1
    How often the copies of the model are averaged in an epoch, spread evenly. They are
    averaged where the connections evolve, too. More rounds cost more communication, and
    keep the copies closer to each other.

n_replicas : int, default=None
    The number of copies of the model that train at the same time, each on as many
    partitions, one after the other. None for one copy for each partition. With many
    small partitions choose the number of workers.

persist : bool, default=True
    Whether the workers keep the data in memory. False computes the partitions again in
    each epoch, and reads the next one while a copy trains: for data larger than memory.

client : distributed.Client, default=None
    The client of the cluster; None for the one that was created last.
"""

COMMUNICATION = """communication_ : dict of str to int
    What the fit sent: the number of ``"rounds"``; the bytes of values that were moved
    to be averaged, ``"value_bytes_up"``, and from there to the workers,
    ``"value_bytes_down"``; and those of the connections, ``"topology_bytes"``, which
    are sent when they change.
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
