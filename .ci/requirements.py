"""Print the requirements of the extras that are named, for pip: without the package."""

import sys
import tomllib

with open("pyproject.toml", "rb") as file:
    extras = tomllib.load(file)["project"]["optional-dependencies"]
for extra in sys.argv[1:]:
    print(*extras[extra], sep="\n")
