"""A sweep's report: one HTML file that opens anywhere, asks the network for nothing and runs nothing."""
