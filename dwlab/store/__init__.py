"""The results folder: one SQLite file of rows beside a folder of pictures."""
