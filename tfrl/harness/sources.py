"""The source files that decide what a run gives, found without importing any of them."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from importlib import util
from pathlib import Path

import tfrl

# Parts of tfrl that decide when a run is made and how it is shown, but not what it gives.
_WITHOUT_INFLUENCE = {"analysis", "cli", "__main__.py", "compile_cache.py", "harness", "report"}
# What only runs on Gymnasium's own environments go through.
_FOR_GYMNASIUM = {
    "environments/host_environment.py",
    "environments/suite_gymnasium.py",
    "pipelines/host_loop.py",
}
_INSTALLED = {"site-packages", "dist-packages"}


def of_package(for_gymnasium: bool) -> set[Path]:
    """The files of tfrl itself that decide what a run gives, on an environment of either kind."""
    package = Path(tfrl.__file__).parent
    files = {file.relative_to(package): file for file in package.rglob("*.py")}
    return {
        file
        for inside, file in files.items()
        if inside.parts[0] not in _WITHOUT_INFLUENCE
        and (for_gymnasium or inside.as_posix() not in _FOR_GYMNASIUM)
    }


def of_module(name: str) -> set[Path]:
    """The file of a module, and of every module in the same folder tree that it needs.

    Followed is what is imported by name, directly or not, from the folder that the module is found
    in; not what is installed, nor what is read or imported in other ways. Raises `LookupError` if
    there is no such module.
    """
    top = name.partition(".")[0]
    spec = util.find_spec(top)
    places = spec and (spec.submodule_search_locations or ([spec.origin] if spec.origin else []))
    if not places:
        raise LookupError(f"there is no module {top!r}")
    root = Path(next(iter(places))).parent
    files: dict[str, Path] = {}
    pending = _with_parents(name)
    while pending:
        module = pending.pop()
        foreign = root.name in _INSTALLED and module.partition(".")[0] != top
        file = _file(root, module)
        if file and not foreign and module not in files and not f"{module}.".startswith("tfrl."):
            files[module] = file
            for imported in _imports(module, file):
                pending += _with_parents(imported)
    return set(files.values())


def _with_parents(name: str) -> list[str]:
    """A module and the packages that it is in, which an import loads too."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _file(root: Path, module: str) -> Path | None:
    """The file of a module under `root`, if it is there."""
    path = root.joinpath(*module.split("."))
    candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in candidates if file.is_file()), None)


def _imports(module: str, file: Path) -> Iterator[str]:
    """The names that a file imports, some of which may be no modules; none if it is no Python."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    with suppress(SyntaxError, ValueError, ImportError):
        for node in ast.walk(ast.parse(file.read_bytes())):
            match node:
                case ast.Import(names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(base, names, level):
                    origin = util.resolve_name("." * (level or 0) + (base or ""), package)
                    yield origin
                    yield from (f"{origin}.{alias.name}" for alias in names if alias.name != "*")
