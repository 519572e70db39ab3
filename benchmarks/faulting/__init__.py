"""What the benchmark of faults is made of: processes to kill, acts under way, and what must hold after."""
