"""Many walkers in one world: who is there, what each is told, and what all of them sound like together.

Plain values in, plain values out; no clock, no socket and no event loop (docs/walk.md, "Together").
"""
