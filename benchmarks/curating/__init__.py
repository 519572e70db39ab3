"""What the benchmark of curation is made of: notes, and measurements of the gate."""
