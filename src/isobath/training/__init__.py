"""Making a model of your own recordings: shape, corpus, two-phase loop, export, figures.

The only place that imports torch (extra `train`). Read in this order: `settings` (what a
model is and how it is trained), `plan` (the operations it is made of), `coder` (PyTorch
plays them), `corpus`, `losses`, `discriminator`, `loop`, then `statistics` and
`export`. What a finished model is worth is measured by `isobath.evaluation`.
"""
