"""How good is a model at clinical work, at what dose, and at what cost."""
