"""The source files that determine the results of a run, found without importing them."""

import ast
import functools
from collections.abc import Collection, Iterator
from contextlib import suppress
from importlib import util
from pathlib import Path

import tfrl
from tfrl.harness.provenance import canonical_code
from tfrl.variations import GYMNASIUM

_TFRL = Path(tfrl.__file__).parent
_ROOTS = ("tfrl.training.trainer", "tfrl.runtime.tf_setup")  # used by every run
_PIPELINES = "tfrl.pipelines"  # resolves names, so it may import any pipeline
# Modules that every run imports, but only runs on Gymnasium's environments use.
_FOR_GYMNASIUM = {
    "tfrl.environments.host_environment",
    "tfrl.environments.gymnasium_wrapper",
    "tfrl.environments.suite_gymnasium",
    "tfrl.training.host_loop",
}
# Modules that change the speed or the reading of a run, but not its results.
_WITHOUT_INFLUENCE = {
    "tfrl.runtime.compile_cache",
    "tfrl.harness.store.loading",
    "tfrl.runtime.quiet",
}
_INSTALLED = {"site-packages", "dist-packages"}


def files_of_run(pipeline: str, environment_id: str) -> set[Path]:
    """Returns the files that determine the results of a pipeline on an environment.

    They are the modules of the trainer, the pipeline and the environment, and their imports; see
    `files_of_module`. Raises `LookupError` if the pipeline or a module does not exist.
    """
    path = _shipped_pipelines().get(pipeline, pipeline)
    if ":" not in path:
        raise LookupError(f"there is no pipeline {pipeline!r}")
    references = (path, environment_id.removeprefix(GYMNASIUM))
    modules = [item.partition(":")[0] for item in references if ":" in item]
    excluded = () if environment_id.startswith(GYMNASIUM) else _FOR_GYMNASIUM
    return {file for name in (*_ROOTS, *modules) for file in files_of_module(name, excluded)}


def files_of_module(name: str, excluded: Collection[str] = ()) -> set[Path]:
    """Returns the file of a module and of all modules that it imports from its folder and tfrl.

    Imports of imports are included. Installed packages, the modules `excluded`, and files that are
    read or imported in other ways than by an import statement are not. Raises `LookupError` if the
    module does not exist.
    """
    top = name.partition(".")[0]
    spec = util.find_spec(top)
    paths = spec and (spec.submodule_search_locations or ([spec.origin] if spec.origin else []))
    if not paths:
        raise LookupError(f"there is no module {top!r}")
    root = Path(next(iter(paths))).parent
    files: dict[str, Path] = {}
    pending = [name]
    while pending:
        imported = pending.pop()
        if root.name in _INSTALLED and imported.partition(".")[0] not in (top, "tfrl"):
            continue
        for module, file in _modules(root, imported):
            if not {module} & (files.keys() | set(excluded) | _WITHOUT_INFLUENCE):
                files[module] = file
                package = module if file.name == "__init__.py" else module.rpartition(".")[0]
                pending += _imports(file.read_bytes(), package)
                if module == _PIPELINES:
                    pending += [path.partition(":")[0] for path in _shipped_pipelines().values()]
    return set(files.values())


def shipped_source(pipeline: str) -> tuple[str, str]:
    """Returns the source of a shipped pipeline, and the name of its class without "Pipeline".

    Raises `LookupError` if it does not exist.
    """
    pipelines = _shipped_pipelines()
    if pipeline not in pipelines:
        raise LookupError(f"unknown pipeline {pipeline!r}: expected one of {', '.join(pipelines)}")
    module, _, name = pipelines[pipeline].partition(":")
    file = _TFRL.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return file.read_text(encoding="utf-8"), name.removesuffix("Pipeline")


def _modules(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Yields the modules that importing a dotted name executes: the packages and the module.

    For a package of tfrl that only re-exports names, it yields the module of the name instead.
    """
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        file = _file(root, module)
        if not file:  # a folder, or a name inside a module
            continue
        exports = _reexports(module, file) if length < len(parts) else None
        if exports is None:
            yield module, file
        elif not _file(root, f"{module}.{parts[length]}"):
            origin = exports.get(parts[length])
            yield from _modules(root, origin) if origin else [(module, file)]


def _reexports(module: str, file: Path) -> dict[str, str] | None:
    """Returns the origins of the names that a package of tfrl re-exports.

    Returns None if the module is not a package of tfrl, or does more than that.
    """
    tree = canonical_code.parse(file.read_bytes())
    if not module.startswith("tfrl.") or file.name != "__init__.py" or not tree:
        return None
    statements = [node for node in tree.body if not canonical_code.is_ignored(node)]
    imports = [node for node in statements if isinstance(node, ast.ImportFrom)]
    if module != _PIPELINES and len(imports) < len(statements):
        return None
    return {
        alias.asname or alias.name: f"{_origin(node, module)}.{alias.name}"
        for node in imports
        for alias in node.names
    }


def _file(root: Path, module: str) -> Path | None:
    """Returns the file of a module under `root` or in tfrl; None if it does not exist."""
    top, *below = module.split(".")
    path = (_TFRL if top == "tfrl" else root / top).joinpath(*below)
    candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in candidates if file.is_file()), None)


@functools.lru_cache(maxsize=1024)
def _imports(content: bytes, package: str) -> tuple[str, ...]:
    """Returns the names that a file in `package` imports; empty if it is not Python.

    Some of them may be names inside modules.
    """
    tree = canonical_code.parse(content)
    nodes = ast.walk(tree) if tree else ()
    return tuple(name for node in nodes for name in _imported_names(node, package))


def _imported_names(node: ast.AST, package: str) -> Iterator[str]:
    """Yields the names that a statement in `package` imports."""
    match node:
        case ast.Import(names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(names=names):
            with suppress(ImportError):  # a relative import beyond the top-level package
                origin = _origin(node, package)
                for alias in names:
                    yield origin if alias.name == "*" else f"{origin}.{alias.name}"


def _origin(node: ast.ImportFrom, package: str) -> str:
    """Returns the absolute name of the module that a file in `package` imports from."""
    return util.resolve_name("." * node.level + (node.module or ""), package)


def _shipped_pipelines() -> dict[str, str]:
    """Returns `tfrl.pipelines.PIPELINES` without importing it, which would import TensorFlow."""
    tree = canonical_code.parse((_TFRL / "pipelines" / "__init__.py").read_bytes())
    for node in tree.body if tree else ():
        match node:
            case ast.Assign([ast.Name("PIPELINES")], value) | ast.AnnAssign(
                ast.Name("PIPELINES"), value=ast.expr() as value
            ):
                return dict(ast.literal_eval(value))
    raise LookupError("tfrl.pipelines has no PIPELINES")
