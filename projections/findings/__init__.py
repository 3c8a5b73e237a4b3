"""Findings: what an auditor should look at, derived from the history by named rules. One file a family of rules."""
