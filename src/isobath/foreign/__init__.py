"""Other people's model files: read as data, or run where they can do no harm.

`archive` reads a TorchScript file without running any of it; `gate` says whether its program may be
run at all; `worker` runs it in a process that can open no file and no connection; `torchscript`
gives the result the face of a model of ours.
"""
