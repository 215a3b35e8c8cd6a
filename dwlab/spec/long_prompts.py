"""What may become of a prompt that is longer than the model's text encoder reads.

truncate: the end is not read, as in a plain stock call; plan, row and report tell of it.
chunk: text encoders of CLIP's kind read it in several windows of 77 tokens, whose embeddings are
    joined.
error: the run is refused.
"""

from __future__ import annotations

TRUNCATE = "truncate"
CHUNK = "chunk"
ERROR = "error"
LONG_PROMPTS = (TRUNCATE, CHUNK, ERROR)
WINDOWS_LIMIT = 10  # of a prompt that is read in chunks
