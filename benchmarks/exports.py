"""Which exporters take pruned models, and do the exports predict the same?

    python benchmarks/exports.py [--check] [--json FILE]

Each model is fitted, exported and compared with its export on 200 rows, and then again
after pruning. Exporters that are not installed are skipped. Some exporters take no
pipelines. They get the last step and the rows that reach it. The files of joblib and
`sklprune.dump` are loaded in a process that cannot import sklprune.

With `--check`, the exit code is 1 if an exporter takes a model but not its pruned form.
What an exporter refuses before pruning, it may refuse after it, and also a model of
another class.
"""

import contextlib
import importlib
import pathlib
import subprocess
import sys
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version

import joblib
import numpy as np
from command_line import parser_of, write
from exported_models import MODELS, rows_of
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

import sklprune

#: the largest difference of equal values, relative to the standard deviation
DIFFERENCE = 1e-4
#: the smallest share of equal labels, where an export returns labels only
AGREEMENT = 0.98
#: the packages whose versions are stored
PACKAGES = (
    "scikit-learn",
    "skl2onnx",
    "onnxruntime",
    "treelite",
    "emlearn",
    "shap",
    "skops",
    "joblib",
)


def last_step(model, X):
    """The last step of a pipeline, and the rows that reach it."""
    return model[-1], np.asarray(model[:-1].transform(X), dtype=np.float32)


def class_name(model):
    """The class of a model, or of the last step of a pipeline."""
    while isinstance(model, Pipeline):
        model = model[-1]
    return type(model).__name__


def response_name(model):
    """The most precise kind of prediction that a model has."""
    names = ("predict_proba", "decision_function", "predict")
    return next(name for name in names if hasattr(model, name))


def response(model, X):
    """Probabilities, else the decision function, else the predicted values."""
    return getattr(model, response_name(model))(X)


# -- exporters: each returns pairs of what the export and the model predict ------------


def skl2onnx(model, X):
    """A graph that onnxruntime runs."""
    from onnxruntime import InferenceSession
    from skl2onnx import to_onnx

    proba = hasattr(model, "predict_proba")
    options = {id(model): {"zipmap": False}} if proba else None
    graph = to_onnx(model, X[:1], options=options).SerializeToString()
    found = InferenceSession(graph).run(None, {"X": X})
    pairs = [(np.ravel(found[0]), np.ravel(model.predict(X)))]
    return [*pairs, (found[1], model.predict_proba(X))] if proba else pairs


def treelite(model, X):
    """A model of trees that treelite runs."""
    import treelite

    found = treelite.gtil.predict(treelite.sklearn.import_model(model), X)
    found = found.reshape(len(X), -1)
    expected = response(model, X).reshape(len(X), -1)
    # of two classes, boosting has the probability of the second one
    return [(found, expected[:, -found.shape[1] :])]


def emlearn(model, X):
    """C code for microcontrollers, whose functions the package also runs."""
    import emlearn

    # soft votes of trees; with hard ones, the labels of forests differ
    bits = {"leaf_bits": 8 if is_classifier(model) else 32}
    options = bits if hasattr(model, "tree_") or _has_trees(model) else {}
    with (
        np.errstate(all="ignore"),
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),  # it compiles the code in the working directory
    ):
        code = emlearn.convert(model, method="inline", dtype="float", **options)
        code.save(file="model.h", name="model")
        return [(np.ravel(code.predict(X)), model.predict(X))]


def _has_trees(model):
    return hasattr(getattr(model, "estimators_", [None])[0], "tree_")


def shap(model, X):
    """Explanations, which must add up to the predictions."""
    import shap

    few = X[:5]
    try:
        explainer = shap.TreeExplainer(model)
    except shap.utils._exceptions.InvalidModelError:
        # no model of trees: SHAP explains any function
        explainer = shap.Explainer(lambda rows: response(model, rows), X[:10])
        found = explainer(few, silent=True)
        return [(found.values.sum(axis=1) + found.base_values, response(model, few))]
    raw = getattr(model, "decision_function", None)
    expected = raw(few) if raw else response(model, few)
    total = explainer.shap_values(few).sum(axis=1) + explainer.expected_value
    return [(np.reshape(total, expected.shape), expected)]


def skops(model, X):
    """A file that cannot run code, without types of sklprune."""
    import skops.io as sio

    data = sio.dumps(model)
    types = sio.get_untrusted_types(data=data)
    foreign = [name for name in types if name.startswith("sklprune")]
    if foreign:
        raise TypeError(f"The file needs {', '.join(foreign)} of sklprune.")
    return [(response(sio.loads(data, trusted=types), X), response(model, X))]


#: exporters, and the packages that each one needs
EXPORTERS = {
    "skl2onnx": (skl2onnx, ("skl2onnx", "onnxruntime")),
    "treelite": (treelite, ("treelite", "treelite.sklearn")),
    "emlearn": (emlearn, ("emlearn",)),
    "SHAP": (shap, ("shap",)),
    "skops": (skops, ("skops.io",)),
}


# -- files that are loaded without sklprune --------------------------------------------

#: predicts with each model of a folder, in a process that cannot import sklprune
ELSEWHERE = """
import pathlib, sys
sys.modules["sklprune"] = None
import joblib
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.task")):
    path, rows, name = joblib.load(file)
    try:
        found = getattr(joblib.load(path), name)(rows)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    joblib.dump(found, file.with_suffix(".found"))
"""

#: functions that write files
FILES = {"joblib": joblib.dump, "sklprune.dump": sklprune.dump}


class Files:
    """Files of models, all of which one other process loads."""

    def __init__(self, folder):
        self.folder, self.tasks = pathlib.Path(folder), []

    def add(self, dump, model, X):
        """Write a file. Its result is filled in by `load`."""
        name = response_name(model)
        file = self.folder / f"{len(self.tasks):04d}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # small models have no compact form
            dump(model, file.with_suffix(".model"))
        task = (str(file.with_suffix(".model")), X, name)
        joblib.dump(task, file.with_suffix(".task"))
        result = {}
        self.tasks.append((file, getattr(model, name)(X), result))
        return result

    def load(self):
        """Load all files in another process, and fill in the results."""
        command = [sys.executable, "-c", ELSEWHERE, str(self.folder)]
        subprocess.run(command, check=True)
        for file, expected, result in self.tasks:
            found = joblib.load(file.with_suffix(".found"))
            if isinstance(found, str):
                result.update(verdict="refused", sentence=found)
            else:
                result.update(compared([(found, expected)]))


# -- comparison ------------------------------------------------------------------------


def missing(packages):
    """Whether a package cannot be imported."""
    try:
        with np.errstate():
            before = np.geterr()
            for package in packages:
                importlib.import_module(package)
            np.seterr(**before)  # emlearn makes an underflow an error
    except ImportError:
        return True
    return False


def tried(export, model, X):
    """What an exporter does with a model: a verdict, and a number or a sentence.

    Where it refuses a pipeline, it gets the last step.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pairs = export(model, X)
    except Exception as error:
        refused = {"verdict": "refused", "sentence": first_sentence(error)}
        if not isinstance(model, Pipeline):
            return refused
        result = tried(export, *last_step(model, X))
        return result | {"part": "last step"}
    return compared(pairs)


def compared(pairs):
    """The verdict of the largest difference, or of the share of equal labels."""
    result = {"verdict": "works"}
    for found, expected in pairs:
        found, expected = np.asarray(found), np.asarray(expected)
        if found.shape != expected.shape:
            sentence = f"Shape {found.shape} in place of {expected.shape}."
            return {"verdict": "refused", "sentence": sentence}
        if expected.dtype.kind in "iub":
            result["agreement"] = float(np.mean(found == expected))
        else:
            spread = float(np.std(expected)) or 1.0
            difference = float(np.max(np.abs(found - expected))) / spread
            result["difference"] = float(f"{difference:.2g}")
    if not (
        result.get("agreement", 1) >= AGREEMENT
        and result.get("difference", 0) <= DIFFERENCE
    ):
        result["verdict"] = "differs"
    return result


def first_sentence(error):
    """The first line of an error, without addresses that differ in each run."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].split(" object at 0x")[0][:160]


def measured(name, exporters, files):
    """One model, and what each exporter does with it before and after pruning."""
    case = MODELS[name]
    X, y = rows_of(case.target)
    model = case.fitted(X, y)
    pruned = case.pruned(model, X, y)
    kinds = {
        "class": class_name(model),
        "pruned class": class_name(pruned),
    }
    both = {"original": model, "pruned": pruned}
    few = X[:200]
    exports = {
        exporter: {which: tried(export, each, few) for which, each in both.items()}
        for exporter, (export, _) in exporters.items()
    }
    for dump_name, dump in FILES.items():
        exports[dump_name] = {
            which: files.add(dump, each, few) for which, each in both.items()
        }
    return {"model": name, "removed": case.removed} | kinds | {"exports": exports}


def worse(rows):
    """Sentences about models that an exporter takes, but not after pruning."""
    return [
        f"{exporter}, {row['model']}: {both['pruned']}"
        for row in rows
        for exporter, both in row["exports"].items()
        if row["class"] == row["pruned class"] or exporter in FILES
        if both["original"]["verdict"] == "works"
        and both["pruned"]["verdict"] != "works"
    ]


def versions():
    """The installed versions of the exporters."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def main():
    parser = parser_of(__doc__, data=False)
    parser.add_argument("--check", action="store_true", help="1 if pruning breaks one")
    options = parser.parse_args()
    exporters = {
        name: (export, packages)
        for name, (export, packages) in EXPORTERS.items()
        if not missing(packages)
    }
    with tempfile.TemporaryDirectory() as folder:
        files, rows = Files(folder), []
        for name in MODELS:
            print(name, flush=True)
            rows.append(measured(name, exporters, files))
        files.load()
    skipped = [name for name in EXPORTERS if name not in exporters]
    write({"versions": versions(), "skipped": skipped, "rows": rows}, options.json)
    if skipped:
        print("not installed:", ", ".join(skipped))
    broken = worse(rows)
    print("\n".join(broken) or "No exporter refuses a model only after pruning.")
    return int(options.check and bool(broken))


if __name__ == "__main__":
    sys.exit(main())
