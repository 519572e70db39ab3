"""The page of measurements says what the result files say."""

import subprocess
import sys


def test_the_page_of_measurements_is_made_from_the_result_files(repo_root):
    done = subprocess.run(
        [sys.executable, "benchmarks/summary.py", "--check"],
        cwd=repo_root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
