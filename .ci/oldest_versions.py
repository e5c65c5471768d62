"""Print the oldest versions of the dependencies that pyproject.toml allows, for pip.

Of the packages that only the tests need, any version that goes with them.
"""

import re
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
for requirement in project["dependencies"]:
    name, version = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
    print(f"{name}=={version}.*")
print(*project["optional-dependencies"]["test"], sep="\n")
# Dask's data frames need it; later versions need NumPy 2, and do not tell pip.
print("pyarrow<21")
