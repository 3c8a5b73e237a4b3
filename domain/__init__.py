"""What may happen to a case, and what it means: pure but for `domain.ledger`."""
