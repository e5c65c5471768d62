"""Compare what several files say of the package: version, address of the repository.

The version is written in meson.build and the address in pyproject.toml; formats that
cannot refer to them repeat them. ``--tag v1.2.3`` also compares the version with a
release's tag. Needs Python 3.11 and git, or a folder with the tracked files alone.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSION_REPEATED_IN = {
    "CITATION.cff": r"^version: (\S+)$",
    "packaging/conda-forge/recipe.yaml": r'^  version: "(\S+)"$',
}
TEXT = {".cff", ".md", ".py", ".rst", ".toml", ".yaml", ".yml"}


def meson_version():
    """Return the version of the package."""
    return re.search(r"^  version: '(.+)',$", read("meson.build"), re.M)[1]


def read(name):
    """Return the text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def wrong_versions():
    """Yield a message for each file that has another version."""
    version = meson_version()
    for name, pattern in VERSION_REPEATED_IN.items():
        found = re.findall(pattern, read(name), re.M)
        if found != [version]:
            yield f"{name}: version {found}, but meson.build has {version}"


def text_files():
    """Yield the tracked files, or all where git has no repository."""
    command = ["git", "ls-files"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split() if listed.returncode == 0 else []
    for path in [ROOT / name for name in names] or ROOT.rglob("*"):
        if path.suffix in TEXT and path.is_file():
            yield path


def wrong_addresses():
    """Yield a message for each address of the repository with another owner."""
    urls = tomllib.loads(read("pyproject.toml"))["project"]["urls"]
    owner = re.fullmatch(r"https://github\.com/([\w.-]+)/sklearn_set", urls["Source"])
    if owner is None:
        yield "pyproject.toml: Source is not https://github.com/<owner>/sklearn_set"
        return
    for path in text_files():
        text = path.read_text(encoding="utf-8")
        for found in set(re.findall(r"github\.com/([\w.-]+)/sklearn_set\b", text)):
            if found != owner[1]:
                yield f"{path.relative_to(ROOT)}: {found}, not {owner[1]}"


def main():
    """Print what is wrong, and end with 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tag", help="a release's tag, such as v1.2.3")
    tag = parser.parse_args().tag
    wrong = [*wrong_versions(), *wrong_addresses()]
    if tag is not None and tag != f"v{meson_version()}":
        wrong.append(f"tag {tag}, but meson.build has {meson_version()}")
    print(*wrong or ["Versions and addresses agree."], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
