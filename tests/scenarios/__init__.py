"""Whole stories of case work, told through the service's door: given, when, then."""
