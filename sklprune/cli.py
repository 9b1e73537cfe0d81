"""The command line of sklprune; `sklprune --help` lists its commands.

Each command imports what it needs, so that the help and a first line are printed before
scikit-learn is imported.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sklprune._command_line.messages import CommandError, notice, short_warnings
from sklprune._version import __version__

#: exit codes, as `--help` lists them
DONE, PROBLEM, WRONG_ARGUMENTS, NOTHING_REMOVED, INTERRUPTED = 0, 1, 2, 3, 130
EPILOG = """\
model files:  .skops, .joblib, .pkl, .pickle. A pickle can run any code when it is
              loaded, and needs --trust-pickle.
tables:       .csv, .tsv (also with .gz), .parquet and .feather, with pandas or polars,
              and .npz. Columns are selected by the names that the model was fitted on.
exit codes:   0 done, 1 a problem (one sentence on stderr), 2 wrong arguments,
              3 nothing could be removed within the limit, 130 interrupted.

examples:
  sklprune demo
  sklprune inspect forest.joblib --trust-pickle
  sklprune prune forest.joblib rows.csv --target price -o small.joblib --trust-pickle
  sklprune compare forest.joblib small.joblib test.csv --target price --trust-pickle
"""


def one_thread() -> AbstractContextManager[Any]:
    """A context in which OpenMP and BLAS use one thread, if threadpoolctl is there.

    Threads slow down small predictions on a busy machine. Only libraries that are
    loaded can be limited.
    """
    import sklearn.utils  # noqa: F401

    try:
        # a dependency of scikit-learn, not of this package
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sklprune",
        description="Make scikit-learn models smaller, and compare them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("demo", help="prune four small models and print one table")
    inspect = commands.add_parser(
        "inspect", help="show the parts of a model, and what could be removed"
    )
    inspect.add_argument("model", metavar="MODEL", help="file of a fitted model")
    inspect.add_argument("table", metavar="TABLE", nargs="?", help="rows to time on")
    _add_common(inspect)
    _add_prune(commands.add_parser("prune", help="write a smaller model file"))
    compare = commands.add_parser(
        "compare", help="compare model files by size, latency and score"
    )
    compare.add_argument("models", metavar="MODEL", nargs="+", help="two or more files")
    compare.add_argument("table", metavar="TABLE", help="rows to score on")
    compare.add_argument("--scoring", help="metric of scikit-learn, default: score()")
    compare.add_argument(
        "--baseline", action="store_true", help="also train small models from scratch"
    )
    _add_common(compare)
    return parser


def _add_common(parser: argparse.ArgumentParser, required: bool = False) -> None:
    parser.add_argument(
        "--target", metavar="NAME", required=required, help="the column to predict"
    )
    parser.add_argument("--json", action="store_true", help="print JSON on stdout")
    parser.add_argument(
        "--trust-pickle", action="store_true", help="load files that can run any code"
    )


def _add_prune(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("model", metavar="MODEL", help="file of a fitted model")
    add("table", metavar="TABLE", help="rows to prune with")
    add("-o", "--output", metavar="OUT", required=True, help="file of the result")
    add(
        "--method",
        default="auto",
        help="a method, several separated by commas, or 'smallest'; default: auto",
    )
    add(
        "--max-drop",
        type=float,
        default=0.01,
        metavar="D",
        help="how far the score may fall, default: 0.01",
    )
    add("--ratio", type=float, help="fraction to remove, instead of --max-drop")
    add("--scoring", help="metric of scikit-learn, default: score()")
    add("--report", metavar="PAGE", help="also write a report as an HTML page")
    add("--baseline", action="store_true", help="also train small models from scratch")
    add("--drop-unread", action="store_true", help="remove columns that nothing reads")
    add(
        "--seen",
        choices=["auto", "true", "false"],
        default="auto",
        help="whether the model was fitted on these rows, default: auto",
    )
    add("--random-state", type=int, default=0, metavar="SEED", help="default: 0")
    add("--n-jobs", type=int, metavar="N", help="processes, default: 1")
    add("--force", action="store_true", help="replace existing files")
    add("--quiet", action="store_true", help="print no progress")
    _add_common(parser, required=True)


def _print(options: argparse.Namespace, found: Any, text: str) -> None:
    """Print a result as text or as JSON, which has no NaN."""
    if options.json:
        from sklprune._reporting.text import without_nan

        # labels of classes may be numbers of numpy
        text = json.dumps(without_nan(found), indent=2, default=lambda n: n.item())
    print(text)


def _inspect(options: argparse.Namespace) -> int:
    from sklprune._command_line import inspection
    from sklprune._command_line.model_files import load_model
    from sklprune._command_line.tables import read_rows

    model = load_model(options.model, trust_pickle=options.trust_pickle)
    rows = None
    if options.table:
        rows = read_rows(options.table, options.target, model)
    found = inspection.inspect(model, rows)
    _print(options, found, inspection.as_text(found))
    return DONE


def _prune(options: argparse.Namespace) -> int:
    from sklprune._command_line.pruning import prune_file

    pruned = prune_file(options)
    report = pruned.report_
    found = report.to_dict() | {"output": options.output}
    _print(options, found, f"{report}\nWritten to {options.output}.")
    return DONE if report.removed else NOTHING_REMOVED


def _compare(options: argparse.Namespace) -> int:
    from sklprune._command_line import comparison

    found = comparison.compare_files(options)
    _print(options, found, comparison.as_text(found))
    return DONE


def _demo(options: argparse.Namespace) -> int:
    from sklprune._command_line.demo import demo

    demo(sys.stdout)
    return DONE


COMMANDS = {"demo": _demo, "inspect": _inspect, "prune": _prune, "compare": _compare}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `python -m sklprune` and of the command `sklprune`.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        None takes the arguments of the process.

    Returns
    -------
    int
        The exit code, see `sklprune --help`.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        parser.exit(WRONG_ARGUMENTS)
    try:
        if not getattr(options, "quiet", False):
            notice("importing scikit-learn ...")
        with one_thread(), short_warnings():
            code = COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except CommandError as problem:
        print(f"sklprune {options.command}: {problem}", file=sys.stderr)
        return PROBLEM
    except KeyboardInterrupt:
        print(f"sklprune {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # `head` and others stop reading; the flush at the end would print an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PROBLEM
