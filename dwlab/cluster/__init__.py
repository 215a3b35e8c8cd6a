"""Cells on many devices and machines, through Dask."""
