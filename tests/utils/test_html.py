"""The HTML representation."""

import re

import pytest
from helpers.perceptrons import DATA, both_perceptrons, make_model
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set._utils.compat import AttrsDict
from sklearn_set._utils.html import SITE, page_template

pytestmark = [
    pytest.mark.skipif(
        AttrsDict is object, reason="scikit-learn 1.9 shows fitted attributes"
    ),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@both_perceptrons
def test_html_shows_parameters_with_their_meaning(Estimator):
    X, y = DATA[Estimator]
    html = make_model(Estimator, max_iter=1).fit(X, y)._repr_html_()
    for text in (
        "epsilon",
        "Sparsity parameter",
        "n_connections_",
        "Number of connections",
    ):
        assert text in html


@both_perceptrons
def test_html_links_to_the_site_and_without_one_to_nothing(Estimator, monkeypatch):
    X, y = DATA[Estimator]
    model = make_model(Estimator, max_iter=1).fit(X, y)
    monkeypatch.setattr(Estimator, "_doc_link_template", page_template(""))
    assert not re.search(r"<a[^>]* href=", model._repr_html_())
    template = page_template("https://site.test")
    monkeypatch.setattr(Estimator, "_doc_link_template", template)
    page = f"https://site.test/generated/sklearn_set.{Estimator.__name__}.html"
    links = re.findall(r'<a[^>]* href="([^"#]*)', model._repr_html_())
    assert len(links) > 20 and set(links) == {page}


def test_the_site_is_an_address_or_missing():
    assert SITE == "" or re.fullmatch(r"https://.*[^/]", SITE)


@both_perceptrons
def test_html_has_a_table_of_layers(Estimator):
    X, y = DATA[Estimator]
    model = make_model(Estimator, max_iter=1)
    assert "Connections" not in model._repr_html_()
    html = make_pipeline(StandardScaler(), model).fit(X, y)._repr_html_()
    for coef in model.coefs_:
        n_in, n_out = coef.shape
        density = coef.nnz / (n_in * n_out)
        for text in (f"{n_in:,} → {n_out:,}", f"{coef.nnz:,}", f"{density:.2%}"):
            assert f"<td>{text}</td>" in html
    assert f"<td>{model.n_connections_:,}</td><td>{model.density_:.2%}</td>" in html
