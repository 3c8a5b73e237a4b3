"""How fast it is: ratios, measured side by side in one run, for a machine's own speed swings."""
