"""What is where in an exported sweep.

Pictures lie where they do in a results folder, and pages one level deep as there, so that their
links hold.
"""

from __future__ import annotations

import re

FORMAT = "dwlab-sweep"
VERSION = 1
README = "README.txt"
CRATE = "ro-crate-metadata.json"  # RO-Crate 1.1, section "RO-Crate Structure"
SWEEP = "sweep.json"
EXPERIMENT = "experiment.yaml"
ROWS = "rows.jsonl"
VOTES = "votes.jsonl"
NEEDS = "needs.json"
TABLE = "table.csv"
REPORT = "pages/report.html"
VIEWER = "pages/viewer.html"
MANIFEST = "manifest-sha256.txt"
IMAGES = "images"
INPUTS = "inputs"
CODE = "code"  # by its hash, for people to read
# the paths of pictures, as rows have them
IMAGE_PATH = re.compile(r"images/([0-9a-f]{2})/(\1[0-9a-f]{62})\.png")
INPUT_PATH = re.compile(r"inputs/([0-9a-f]{64})\.png")
