"""Hand-over: the book of what a person or a department carries, and giving it to somebody else.

`book` reads, `word` and `documents/book.typ` set it on paper, `actions` gives the cases away.
"""
