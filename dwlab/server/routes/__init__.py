"""The routes of the API and its pages, one file per subject."""
