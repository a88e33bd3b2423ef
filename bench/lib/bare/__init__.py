"""The yardstick: what a view of 20 rows costs when it is written the plain way.

Django's own middleware as `startproject` sets it up, one query with its two relations, a page with a base, a
navigation and a loop. No filter, no count, no chips: whatever the product shows beyond this is its own.
"""
