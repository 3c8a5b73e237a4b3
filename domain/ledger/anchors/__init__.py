"""What anchors the log outside the house: time stamps, and witnesses."""
