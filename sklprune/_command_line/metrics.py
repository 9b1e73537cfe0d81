"""The metric of `--scoring`."""

from sklearn.metrics import get_scorer_names

from sklprune._command_line.messages import CommandError
from sklprune._registry import guess_of


def check_metric(name: str | None) -> None:
    """Raise an error, before any work, for a metric that scikit-learn does not have.

    Parameters
    ----------
    name : str or None
        None is the `score` method of the model.

    Raises
    ------
    CommandError
        If `name` is not known.
    """
    known = get_scorer_names()
    if name is None or name in known:
        return
    raise CommandError(
        f"--scoring {name} is not known.{guess_of(name, known)} The metrics are "
        f"{', '.join(known)}."
    )
