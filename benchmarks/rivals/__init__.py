"""The contestants, by name; a wrapper is imported only in its contestant's process."""

from typing import NamedTuple


class Variant(NamedTuple):
    """One way to start a contestant: its environment and the wrapper's options."""

    environment: dict = {}
    options: dict = {}


class Entry(NamedTuple):
    """Where a wrapper is, what it needs, and the variants that are tried."""

    label: str
    module: str
    wrapper: str
    install: str = "scikit-learn"
    variants: tuple = (Variant(),)


# sparselab and sparseprop load a second OpenMP runtime besides PyTorch's. The idle
# threads of one spin while the other works, which can be ten times as slow. Which
# remedy is best depends on the machine and the size: all are tried. PyTorch's CSR
# products can be faster with a single thread as well.
ONE_TORCH_THREAD = Variant(options={"torch_threads": 1})
ONE_THREAD = Variant(environment={"OMP_NUM_THREADS": "1"})
PASSIVE = Variant(environment={"OMP_WAIT_POLICY": "passive"})

OURS = "sklearn_set"
CONTESTANTS = {
    OURS: Entry("sklearn_set", "rivals.ours", "OurMLP", "this package"),
    "ours-fit": Entry("sklearn_set", "rivals.ours", "OurFit", "this package"),
    "ours-rbm": Entry("sklearn_set", "rivals.ours", "OurRBM", "this package"),
    "sparselab": Entry(
        "sparselab",
        "rivals.sparselab_net",
        "SparselabNet",
        "torch sparselab",
        (Variant(), ONE_TORCH_THREAD, ONE_THREAD, PASSIVE),
    ),
    "sparseprop": Entry(
        "sparseprop",
        "rivals.sparseprop_net",
        "SparsepropNet",
        "torch sparseprop",
        (Variant(), ONE_TORCH_THREAD, ONE_THREAD),
    ),
    "torch": Entry("PyTorch, dense", "rivals.torch_dense", "TorchDense", "torch"),
    "torch-csr": Entry(
        "PyTorch, CSR weights",
        "rivals.torch_csr",
        "TorchCSR",
        "torch",
        (Variant(), ONE_THREAD),
    ),
    "sklearn": Entry("MLPClassifier", "rivals.sklearn_dense", "SklearnMLP"),
    "sklearn-fit": Entry("MLPClassifier", "rivals.sklearn_dense", "SklearnFit"),
    "sklearn-rbm": Entry("BernoulliRBM", "rivals.bernoulli_rbm", "SklearnRBM"),
}
