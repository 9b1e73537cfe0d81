"""Checks what is in the built distributions: python .ci/wheel.py FOLDER

The wheel contains each module of the package, `py.typed` and the licence, and nothing
else. Neither the wheel nor the sdist contains tests, data or results of benchmarks.
"""

import pathlib
import sys
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).parents[1]


def expected_modules(root=ROOT):
    """The files that a user imports, as paths in the wheel."""
    files = (root / "sklprune").rglob("*.py")
    return {str(file.relative_to(root).as_posix()) for file in files}


def problems_of_wheel(names, modules):
    """Sentences about a wheel with these names of files."""
    found = [f"{name} is missing." for name in sorted(modules - set(names))]
    if "sklprune/py.typed" not in names:
        found.append("sklprune/py.typed is missing.")
    if not any(name.endswith("licenses/LICENSE") for name in names):
        found.append("The licence is missing.")
    known = modules | {"sklprune/py.typed"}
    other = [n for n in names if ".dist-info/" not in n and n not in known]
    return found + [f"{name} does not belong into the wheel." for name in other]


def problems_of_sdist(names, modules):
    """Sentences about an sdist with these names of files, without the first folder."""
    needed = modules | {"pyproject.toml", "README.md", "LICENSE", "sklprune/py.typed"}
    found = [f"{name} is missing." for name in sorted(needed - set(names))]
    unwanted = ("tests/", "benchmarks/", "docs/", "examples/", ".ci/", ".github/")
    other = [name for name in names if name.startswith(unwanted)]
    return found + [f"{name} does not belong into the sdist." for name in other]


def main(folder):
    (wheel,) = pathlib.Path(folder).glob("*.whl")
    (sdist,) = pathlib.Path(folder).glob("*.tar.gz")
    modules = expected_modules()
    with zipfile.ZipFile(wheel) as file:
        found = problems_of_wheel(file.namelist(), modules)
    with tarfile.open(sdist) as file:
        names = [name.partition("/")[2] for name in file.getnames()]
    found += problems_of_sdist(names, modules)
    print(*(found or [f"{wheel.name} and {sdist.name} are complete."]), sep="\n")  # noqa: T201
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
