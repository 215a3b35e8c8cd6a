"""Processes that die, fill disks and hit bad sectors at a chosen file call."""
