"""HTTP, pages, identity and the command line: no rules of its own."""
