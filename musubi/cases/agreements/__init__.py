"""The register of agreements: drafted, signed, reminded of, renewed or ended."""
