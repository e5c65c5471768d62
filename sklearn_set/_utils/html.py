"""The HTML representation: links to the documentation, and a table of the layers."""

import re

from sklearn_set._utils.compat import AttrsDict

# The address of the published site, without a slash at the end. As long as it is empty,
# no link is shown.
SITE = ""

# With the classes of scikit-learn's tables, so that it looks like them.
TABLE = """
<div class="estimator-table">
  <details open>
    <summary>Layers</summary>
    <table class="parameters-table">
      <tbody>
        <tr><th>Units</th><th>Connections</th><th>Density</th></tr>
        {rows}
      </tbody>
    </table>
  </details>
</div>
"""
ROW = '<tr class="default"><td>{}</td><td>{:,}</td><td>{:.2%}</td></tr>'


def page_template(site=SITE):
    """Return the template of the links to the estimators' pages.

    Parameters
    ----------
    site : str, default=SITE
        The address of the site, or "".

    Returns
    -------
    template : str
        With `{estimator_name}`, or "" if there is no site.
    """
    return site and f"{site}/generated/sklearn_set.{{estimator_name}}.html"


def with_descriptions(table):
    """Let one of scikit-learn's tables show its descriptions without a site, too.

    scikit-learn shows the description of a name only as a part of its link.

    Parameters
    ----------
    table : ParamsDict or AttrsDict
        The table. It is changed if it has no link.

    Returns
    -------
    table : ParamsDict or AttrsDict
        The same object.
    """
    if not getattr(table, "doc_link", True):
        draw = table._html_repr
        table.doc_link = "#"
        table._html_repr = lambda: re.sub(r' (href|target)="[^"]*"', "", draw())
    return table


class LayersAndAttributes(AttrsDict):
    """scikit-learn's table of fitted attributes, below one of the layers.

    Parameters
    ----------
    attributes : AttrsDict
        The fitted attributes.
    weights : list of sparse array of shape (n_in, n_out)
        The layers' weights.
    """

    def __init__(self, attributes, weights):
        super().__init__(
            fitted_attrs=attributes.data,
            estimator_class=attributes.estimator_class,
            doc_link=attributes.doc_link,
        )
        self.weights = weights

    def _repr_html_inner(self):
        return layers_table(self.weights) + super()._repr_html_inner()


def layers_table(weights):
    """Return a table of the layers, with a row of sums if there are several.

    Parameters
    ----------
    weights : list of sparse array of shape (n_in, n_out)
        The layers' weights.

    Returns
    -------
    html : str
        The table.
    """
    rows = [
        ("{:,} → {:,}".format(*W.shape), W.nnz, W.shape[0] * W.shape[1])
        for W in weights
    ]
    if len(rows) > 1:
        rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    rows = [ROW.format(units, n, n / n_positions) for units, n, n_positions in rows]
    return TABLE.format(rows="\n".join(rows))
