"""`dwlab serve`: the HTTP API and its page, on the same renderer and store as the other doors.

A request passes `access/` (is it let in?), a file of `routes/` and `requests/` (what may it
contain?), and becomes a row of `jobs/`. `worker/` does the jobs; `events/` tells how far they are.
"""
