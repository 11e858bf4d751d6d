"""The verbs, one module each: its docstring is its help (a sentence, then examples), ``arguments`` says what it takes, ``run`` does it.

A verb's module imports nothing heavy before it runs. Exit codes: 0 done, 1 failed, 2 bad usage or a fault explained in one line, 3 finished but
losses above the limit.
"""

DONE, FAILED, USAGE, LOSSES = 0, 1, 2, 3

#: In the order of the help page.
VERBS = (
    "build", "finish", "plan", "status", "retry", "film", "validate", "view", "inspect", "stats", "diff", "split", "export", "forget", "score",
    "train", "dub", "evaluate", "weights", "settings", "cache", "doctor", "completion",
)  # fmt: skip
