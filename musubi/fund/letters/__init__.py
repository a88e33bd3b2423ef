"""通知書: the official letters and forms of a fund, as typeset PDF and as a Word file, from one content each.

`contents` reads a letter from the records, `sheets` lays it out by the municipality's style, `paper` and `word` put it
on paper. `issuing` gives it its number and keeps what it said.
"""
