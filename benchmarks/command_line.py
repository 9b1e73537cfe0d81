"""What the command lines of benchmarks share: options, and results kept in files."""

import argparse
import json
import pathlib


def parser_of(doc, data=True):
    """A parser that knows where results go, and where data are if any are read."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    if data:
        parser.add_argument("--data", help="the folder that holds NAME.npz")
    parser.add_argument("--json", help="a file for the results")
    return parser


def write(results, path):
    """Results as a JSON file, where one was asked for."""
    if path:
        pathlib.Path(path).write_text(json.dumps(results, indent=1))


def listed(text):
    """The names of an option, with commas between them."""
    return [name.strip() for name in text.split(",")]


class Records:
    """Results under keys, written as they come: one JSON object a line.

    What a run that was cut off has written is there for the next one with the same
    file. Of two results under one key the later one counts.

    Parameters
    ----------
    path : str or None
        Where they are kept; with None they last as long as the process.
    names : sequence of str
        The entries of a record that make up its key.
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
                continue  # where a run was cut off in the middle of a line
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
        """The record under a key, or None."""
        return self._by_key.get(self._key(key))

    def having(self, **entries):
        """All records with these entries."""
        return [
            record
            for record in self._by_key.values()
            if all(record.get(name) == value for name, value in entries.items())
        ]
