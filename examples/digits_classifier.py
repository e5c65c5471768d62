"""
==============
A first script
==============

Classifies handwritten digits with a sparse network, from the command line. It needs no
download: the data come with scikit-learn.
"""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_set import SETMLPClassifier

# sphinx_gallery_thumbnail_path = 'figures/digits.png'

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

network = SETMLPClassifier(
    hidden_layer_sizes=(1000, 1000),
    epsilon=10,
    max_iter=30,
    random_state=0,
    verbose=True,
)
model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)

print(f"\ntest accuracy: {model.score(X_test, y_test):.3f}")
print(
    f"connections: {network.n_connections_:,}, "
    f"{network.density_:.1%} of the dense network's weights"
)
