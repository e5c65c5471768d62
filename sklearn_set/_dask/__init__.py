"""One model that the workers of a Dask cluster train together."""
