"""The systems of the ladder: trivial, rules, linear, trees, encoders, generators, recorded answers."""
