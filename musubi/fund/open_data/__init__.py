"""A fund for machines: the same as the public pages show, as tables and as 360Giving.

tables    calls, applications, awards, contributions and the ledger as columns and rows
giving    every award by the 360Giving Data Standard 1.4
"""
