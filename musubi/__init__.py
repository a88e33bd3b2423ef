import os

# The arrays of a text are small: threads that wait for each other's share of them take several times as long, on a busy
# machine ten times. Many texts are spread over processes instead. Read when numpy is loaded, so it is said before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
