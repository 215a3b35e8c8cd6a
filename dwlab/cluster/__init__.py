"""Cells on many devices and machines, through Dask distributed: one mechanism for all places.

The process that runs a sweep resolves cells and commits rows; workers hold models and make
pictures. Everything Dask is imported at the point of use (`pip install "dwlab[cluster]"`).
"""
