"""A sweep's report: one HTML file that opens anywhere, without network and without scripts."""
