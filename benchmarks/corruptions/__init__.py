"""Clinical sentences with their sources, single faults put into them, and rewordings that change nothing.

Nothing here imports the checks: what is measured is not measured with its own ruler.
"""
