"""How large a file may be. The cell limit keeps the memory one upload can take in the hundreds of megabytes."""

MAX_BYTES = 20_000_000
MAX_ROWS = 100_000
MAX_CELLS = 10_000_000
MAX_UNPACKED_BYTES = 400_000_000
CHILD_MEMORY_BYTES = 2_000_000_000
CHILD_SECONDS = 60
