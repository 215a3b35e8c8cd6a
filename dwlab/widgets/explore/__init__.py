"""The panel of the explore notebook."""
