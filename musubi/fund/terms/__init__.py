"""A programme's terms: reading them from a text, and what they give for a cost. Knows no database.

reading    「対象経費の5分の4以内(上限500万円)」 → a rate, a cap, and what was not understood
amounts    eligible cost, other money, rate, cap, rounding → the grant, step by step
"""
