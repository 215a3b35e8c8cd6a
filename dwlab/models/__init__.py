"""Models on disk, at the hub and in memory, and the devices that they run on."""
