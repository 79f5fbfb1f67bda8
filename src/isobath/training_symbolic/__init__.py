"""Training models of bars (paper 003): the flat-manifold recurrent VAE, and a small twin of it."""
