"""Which requests the server lets in."""
