"""What can be read: one file a projection, each a row type and a pure function over one stream."""
