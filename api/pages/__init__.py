"""What people look at in a browser: the desk, the client's own page, the slip, the auditor's replay.

A page has no model and no rule of its own. It asks the service's own queries and gives its own commands, through the
same routes as anybody else, and tells what they answer.
"""
