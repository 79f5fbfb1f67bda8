"""Controllers: what comes from outside, brought to the axes of the pieces that are played."""
