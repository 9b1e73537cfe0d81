"""Files around the package agree with pyproject.toml, and with each other."""

import importlib.util
import pathlib
import re
import tomllib

import pytest

import sklprune

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def parsed(path):
    return pytest.importorskip("yaml").safe_load((ROOT / path).read_text())


def lower_bounds(requirements):
    """The oldest version by name of the package."""
    split = (re.match(r"([\w-]+) *>=([\d.]+)$", each) for each in requirements)
    return {match[1]: match[2] for match in split if match}


@pytest.fixture(scope="module")
def wheel():
    """The script that checks what the distributions contain."""
    spec = importlib.util.spec_from_file_location("wheel", ROOT / ".ci" / "wheel.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_show_versions_names_every_dependency(capsys):
    sklprune.show_versions()
    out = capsys.readouterr().out
    assert f"sklprune: {sklprune.__version__}\n" in out
    names = [re.match(r"[\w-]+", each)[0] for each in PROJECT["dependencies"]]
    for name in names:
        assert re.search(rf"^ *{name}: \d", out, re.M), name
    assert re.search(r"^ *catboost: (None|\d)", out, re.M)


def test_show_versions_prints_none_for_what_is_not_installed(capsys, monkeypatch):
    module = importlib.import_module("sklprune._show_versions")
    monkeypatch.setattr(module, "PACKAGES", ("numpy", "no-such-package"))
    sklprune.show_versions()
    assert "no-such-package: None\n" in capsys.readouterr().out


def test_the_conda_recipe_has_the_requirements_of_pyproject():
    recipe = parsed("conda/recipe.yaml")
    assert recipe["context"]["version"] == sklprune.__version__
    run = lower_bounds(recipe["requirements"]["run"])
    assert run.pop("python") == PROJECT["requires-python"].removeprefix(">=")
    assert run == lower_bounds(PROJECT["dependencies"])
    assert len(run) == len(PROJECT["dependencies"])
    scripts = [f"{name} = {call}" for name, call in PROJECT["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == scripts
    assert recipe["about"]["license"] == PROJECT["license"]
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    host = lower_bounds(recipe["requirements"]["host"])
    assert lower_bounds(build["requires"]).items() <= host.items()


def test_the_conda_recipe_is_one_that_the_builder_accepts():
    rattler = pytest.importorskip("rattler_build")
    recipe = rattler.Stage0Recipe.from_file(str(ROOT / "conda" / "recipe.yaml"))
    (variant,) = recipe.render(rattler.VariantConfig())
    found = variant.recipe.to_dict()
    assert found["package"] == {"name": "sklprune", "version": sklprune.__version__}
    assert found["build"]["noarch"] == "python"


def test_the_citation_has_the_version_and_licence_of_the_package():
    citation = parsed("CITATION.cff")
    assert citation["version"] == sklprune.__version__
    assert citation["license"] == PROJECT["license"]
    assert citation["type"] == "software"
    authors = [author["name"] for author in PROJECT["authors"]]
    assert [author["name"] for author in citation["authors"]] == authors


def test_the_hosted_ci_runs_the_oldest_and_newest_versions_on_three_systems():
    workflow = parsed(".github/workflows/ci.yml")
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert [system.split("-")[0] for system in matrix["os"]] == [
        "ubuntu",
        "macos",
        "windows",
    ]
    versions = {each["versions"]: each for each in matrix["include"]}
    oldest = lower_bounds(PROJECT["dependencies"])["scikit-learn"]
    assert versions["oldest"]["scikit-learn"] == f"scikit-learn=={oldest}.*"
    assert f">={versions['oldest']['python']}" == PROJECT["requires-python"]
    assert versions["newest"]["scikit-learn"] == "scikit-learn"


def test_the_hosted_ci_runs_files_and_extras_that_exist():
    workflow = parsed(".github/workflows/ci.yml")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    commands = "\n".join(step["run"] for step in steps if "run" in step)
    paths = re.findall(r"(?:tests|benchmarks|\.ci)/[\w/]+\.py", commands)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    extras = {
        each
        for found in re.findall(r"\[([\w,-]+)\]", commands)
        for each in found.split(",")
    }
    assert extras <= set(PROJECT["optional-dependencies"])


def test_reports_of_problems_ask_for_the_versions():
    for name in ("bug_report", "feature_request"):
        form = parsed(f".github/ISSUE_TEMPLATE/{name}.yml")
        ids = [field["id"] for field in form["body"]]
        assert len(ids) == len(set(ids))
        assert form["name"] and form["description"]
        if name == "bug_report":
            assert "show_versions()" in str(form)


def test_the_check_of_the_wheel_finds_what_is_missing_or_unwanted(wheel):
    modules = wheel.expected_modules()
    assert {"sklprune/__init__.py", "sklprune/methods/magnitude.py"} <= modules
    info = "sklprune-0.dist-info/licenses/LICENSE"
    good = [*modules, "sklprune/py.typed", info]
    assert wheel.problems_of_wheel(good, modules) == []
    assert wheel.problems_of_wheel(good[1:], modules) == [f"{good[0]} is missing."]
    without = [name for name in good if name != "sklprune/py.typed"]
    assert wheel.problems_of_wheel(without, modules) == [
        "sklprune/py.typed is missing."
    ]
    for name in ("tests/test_cost.py", "sklprune/table.npz"):
        (problem,) = wheel.problems_of_wheel([*good, name], modules)
        assert problem == f"{name} does not belong into the wheel."


def test_the_check_of_the_sdist_finds_tests_and_results(wheel):
    modules = {"sklprune/__init__.py"}
    good = ["sklprune/__init__.py", "sklprune/py.typed"]
    good += ["pyproject.toml", "README.md", "LICENSE"]
    assert wheel.problems_of_sdist(good, modules) == []
    bad = [*good[1:], "benchmarks/results/columns.json"]
    assert len(wheel.problems_of_sdist(bad, modules)) == 2
