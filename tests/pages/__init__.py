"""The pages, in a real browser: what people see and do, and whether everybody can."""
