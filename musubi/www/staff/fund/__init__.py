"""The secretariat's pages of a fund, by topic."""
