"""Pictures of a case and of flows: plain values in, SVG and the same as rows of a table out. They ask nothing."""
