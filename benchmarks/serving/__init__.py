"""What the benchmarks of the running application share: a clinic, its processes, and people at work."""
