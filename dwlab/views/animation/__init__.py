"""A sweep's pictures as they change along an axis, as GIF, WebP or MP4."""
