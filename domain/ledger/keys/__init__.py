"""The key-encryption keys: where they are kept, what seals them there, and how they wrap the streams' keys."""
