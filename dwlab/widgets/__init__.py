"""Panels for notebooks. They show and ask; what computes is handed to them."""
