"""The committee's own pages: what a member has to score, and nothing else of the municipality."""
