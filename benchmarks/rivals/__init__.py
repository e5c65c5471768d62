"""The contestants, by name; each wrapper is imported only in its own process."""

from typing import NamedTuple


class Variant(NamedTuple):
    """One way to start a contestant: its environment, the wrapper's options."""

    environment: dict = {}
    options: dict = {}


class Entry(NamedTuple):
    """Where a wrapper is, what it needs and the ways in which it may be started."""

    label: str
    module: str
    wrapper: str
    install: str = "scikit-learn"
    variants: tuple = (Variant(),)


# sparselab and sparseprop bring an OpenMP runtime of their own next to PyTorch's. The
# idle threads of one spin while the other works, which can cost a factor of ten. Which
# remedy is best depends on machine and size, so that each is tried. PyTorch's own CSR
# products can gain from a single thread as well.
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
