"""Open Sound Control coming in: packets, patterns, streams, and the thread that listens."""
