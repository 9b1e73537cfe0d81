"""`sklprune prune`: writes a smaller model file and a report."""

import argparse
import sys
from contextlib import nullcontext, redirect_stdout
from typing import Any, Literal

from sklprune._command_line.messages import CommandError, notice
from sklprune._command_line.metrics import check_metric
from sklprune._command_line.model_files import (
    check_output,
    load_model,
    save_model,
    written,
)
from sklprune._command_line.tables import read_rows, with_columns
from sklprune._pruned_estimator import PrunedEstimator, prune
from sklprune._sklearn_private import num_samples
from sklprune.rules import Tolerance

#: values of the option `--seen` as values of the parameter
SEEN: dict[str, bool | Literal["auto"]] = {"auto": "auto", "true": True, "false": False}


def prune_file(options: argparse.Namespace) -> PrunedEstimator:
    """Prune the model of a file, and write the result.

    Parameters
    ----------
    options : Namespace
        The parsed options of the command.

    Returns
    -------
    PrunedEstimator
        Fitted.

    Raises
    ------
    CommandError
        Before any work, for a file, a column or an option that is not allowed.
    """
    output = check_output(options.output, force=options.force)
    page = None
    if options.report:
        page = check_output(options.report, force=options.force, model=False)
        if page.resolve() == output.resolve():
            raise CommandError(f"{page}: the report and the model need two files.")
    check_metric(options.scoring)
    notice(f"loading {options.model} ...")
    model = load_model(options.model, trust_pickle=options.trust_pickle)
    rows = read_rows(options.table, options.target, model)
    notice(f"pruning on {num_samples(rows.X):,} rows ...")
    with redirect_stdout(sys.stderr):
        pruned = _pruned(model, rows, options)
    # both files or none: the page is in place after the model was written
    with nullcontext() if page is None else written(page) as temporary:
        if temporary is not None:
            pruned.report_.to_html(temporary)
        save_model(pruned.estimator_, output)
    return pruned


def _pruned(model: Any, rows: Any, options: argparse.Namespace) -> PrunedEstimator:
    method = options.method.split(",") if "," in options.method else options.method
    try:
        return prune(
            model,
            rows.X,
            rows.y,
            method=method,
            pruning_ratio="auto" if options.ratio is None else options.ratio,
            rule=Tolerance(options.max_drop),
            scoring=options.scoring,
            drop_unread=options.drop_unread,
            baseline=options.baseline,
            seen=SEEN[options.seen],
            random_state=options.random_state,
            n_jobs=options.n_jobs,
            verbose=not options.quiet,
        )
    except (ValueError, TypeError) as error:
        raise CommandError(with_columns(error, rows.X)) from error
