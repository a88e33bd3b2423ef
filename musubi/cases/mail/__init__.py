"""A case by mail: the address an answer goes to, reading what comes back, and what happens with it.

`address` (to whom) · `html`, `charsets`, `reading` (what the mail says) · `quoting` (what of it is new) · `authentic`
(who sent it) · `receiving` (what follows) · `maildir` (where a mail server leaves it).
"""
