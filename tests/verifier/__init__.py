"""The verifier, against bundles made from the format alone."""
