"""Packed denoising: the model calls of many cells, made as one."""
