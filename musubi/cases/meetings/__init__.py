"""The talks of a case: times offered, one fixed, invited by calendar, minuted, and the to-dos that follow."""
