"""Contenders with other values of a constant, and the value chosen on other tables.

A constant that is chosen on the tables that it is reported on looks better than it is.
`Variation` therefore takes for each table the value that is best on all other tables.
"""

import ast
import importlib
from functools import partial

import numpy as np
from sklearn.base import clone


class Variation:
    """One contender, with several values of a parameter or of a constant.

    Parameters
    ----------
    text : str
        "NAME: PARAMETER=VALUE,VALUE". A parameter with a dot is the constant of a
        module of sklprune. Samples of a table count as the same table.
    contenders : dict of str to callable
        See `contenders_of`. NAME must be one that prunes by a method.

    Attributes
    ----------
    contenders : dict of str to callable
        One for each value.
    """

    def __init__(self, text, contenders):
        self.of, self.parameter, values = parsed(text)
        if self.of not in contenders or "method" not in keywords(contenders[self.of]):
            raise ValueError(f"--vary {text!r}: {self.of!r} is no method of pruning.")
        self.title = f"{self.of}, {self.parameter.split('.')[-1]}"
        self.contenders = {
            f"{self.title}={value}": self._with(contenders[self.of], value)
            for value in values
        }

    def _with(self, contender, value):
        module, _, constant = self.parameter.rpartition(".")
        if module:
            module = importlib.import_module(f"sklprune.{module}")
            getattr(module, constant)  # an unknown name is an error now
            return partial(with_constant, contender, module, constant, value)
        method = clone(contender.keywords["method"])
        return partial(contender, method=method.set_params(**{constant: value}))

    def add_choice(self, by_table, limit):
        """Add a row to each table: that of the value which is best on other tables.

        Parameters
        ----------
        by_table : dict of str to dict
            For each table the means of each contender, see `of_one_table`.
        limit : float
            Limit of the mean loss.
        """
        chosen = {}
        for table in by_table:
            name = table.split(",")[0]
            others = [of for key, of in by_table.items() if key.split(",")[0] != name]
            if others:
                best = max(self.contenders, key=lambda each: merit(each, others, limit))
                chosen[table] = by_table[table][best]
        for table, row in chosen.items():
            by_table[table][f"{self.title} by other tables"] = row


def merit(contender, tables, limit):
    """What is better on some tables: within the limit, then smaller models."""
    rows = [table[contender] for table in tables]
    loss = float(np.mean([row["loss"] for row in rows]))
    smaller = float(np.mean(np.log([row["leaves x"] for row in rows])))
    return (True, smaller) if loss <= limit else (False, -loss)


def parsed(text):
    """The name, the parameter and the values in "NAME: PARAMETER=VALUE,VALUE"."""
    name, _, rest = text.rpartition(":")
    parameter, _, values = rest.partition("=")
    if not (name and parameter and values):
        raise ValueError(f"--vary {text!r} must be 'NAME: PARAMETER=VALUE,VALUE'.")
    found = ast.literal_eval(f"[{values}]")
    return name.strip(), parameter.strip(), found


def keywords(contender):
    return getattr(contender, "keywords", {})


def with_constant(contender, module, constant, value, *args):
    """Run a contender while a constant of a module has another value."""
    before = getattr(module, constant)
    setattr(module, constant, value)
    try:
        return contender(*args)
    finally:
        setattr(module, constant, before)
