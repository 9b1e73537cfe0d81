"""Command-line options and result files that the benchmarks share."""

import argparse
import json
import pathlib


def parser_of(doc, data=True):
    """A parser with `--json` for the results, and `--data` where data are read."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    if data:
        parser.add_argument("--data", help="the folder that holds NAME.npz")
    parser.add_argument("--json", help="a file for the results")
    return parser


def write(results, path):
    """Write results as a JSON file, if there is a path."""
    if path:
        pathlib.Path(path).write_text(json.dumps(results, indent=1))


def listed(text):
    """The comma-separated names in the value of an option."""
    return [name.strip() for name in text.split(",")]


class Records:
    """Results by key, appended to a file: one JSON object a line.

    An interrupted run keeps its results, and the next run with the same file continues
    there. The later of two results with one key counts.

    Parameters
    ----------
    path : str or None
        The file; with None, results are kept in memory only.
    names : sequence of str
        The entries of a record that are its key.
    """

    def __init__(self, path, names):
        self.path, self.names = path and pathlib.Path(path), names
        self._by_key = {}
        if self.path and self.path.exists():
            self._read()

    def _read(self):
        text = self.path.read_text()
        for line in text.splitlines():
            try:
                self._keep(json.loads(line))
            except json.JSONDecodeError:
                continue  # a run was interrupted in the middle of a line
        if text and not text.endswith("\n"):
            self._write("\n")

    def _write(self, text):
        with self.path.open("a") as file:
            file.write(text)

    def _keep(self, record):
        self._by_key[self._key(record)] = record

    def _key(self, record):
        return tuple(record.get(name) for name in self.names)

    def add(self, record):
        self._keep(record)
        if self.path:
            self._write(json.dumps(record, allow_nan=False) + "\n")

    def get(self, **key):
        """The record with a key, or None."""
        return self._by_key.get(self._key(key))

    def having(self, **entries):
        """All records with these entries."""
        return [
            record
            for record in self._by_key.values()
            if all(record.get(name) == value for name, value in entries.items())
        ]
