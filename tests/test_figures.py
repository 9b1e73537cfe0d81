"""The generated parts of the docs: tables of results, and lists from the registry."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def test_tables_and_lists_in_the_docs_equal_their_sources():
    script = ROOT / "benchmarks" / "tables.py"
    command = [sys.executable, str(script), "--check"]
    out = subprocess.run(command, capture_output=True, text=True)
    assert out.returncode == 0, (
        f"{out.stdout}{out.stderr}\nRun: python benchmarks/tables.py"
    )
