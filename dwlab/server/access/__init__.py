"""Which requests are let in: host, origin, token, rate, size and type of the body."""
