"""Word lists that the checks read: drugs, measures, anatomy and the like; each file names its provenance."""
