"""The append-only store, the only impure room of the domain: the only way anything changes."""
