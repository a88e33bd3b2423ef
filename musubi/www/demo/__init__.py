"""The demo: two invented municipalities, played through the product's own actions in date order."""
