"""MIDI coming in: bytes as values, and the ports they come from."""
