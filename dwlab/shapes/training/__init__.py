"""How the embedded model is trained: a file per stage, the loop, and the architecture."""
