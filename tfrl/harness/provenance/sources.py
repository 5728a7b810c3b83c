"""The source files that decide what a run gives, found without importing any of them."""

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
_ROOTS = ("tfrl.training.trainer", "tfrl.runtime.tf_setup")  # what every run goes through
_PIPELINES = "tfrl.pipelines"  # resolves names, so that it may lead to any pipeline
# What every run imports, but only those on Gymnasium's own environments go through.
_FOR_GYMNASIUM = {
    "tfrl.environments.host_environment",
    "tfrl.environments.gymnasium_wrapper",
    "tfrl.environments.suite_gymnasium",
    "tfrl.training.host_loop",
}
# What decides how soon a run is done or how it is read afterwards, but not what it gives.
_WITHOUT_INFLUENCE = {
    "tfrl.runtime.compile_cache",
    "tfrl.harness.store.loading",
    "tfrl.runtime.quiet",
}
_INSTALLED = {"site-packages", "dist-packages"}


def files_of_run(pipeline: str, environment_id: str) -> set[Path]:
    """The files that decide what a run of a pipeline gives on an environment.

    They are the modules of the trainer, of the pipeline and of the environment, with those that
    they need, see `files_of_module`. Raises `LookupError` if there is no such pipeline or module.
    """
    path = _shipped_pipelines().get(pipeline, pipeline)
    if ":" not in path:
        raise LookupError(f"there is no pipeline {pipeline!r}")
    references = (path, environment_id.removeprefix(GYMNASIUM))
    modules = [item.partition(":")[0] for item in references if ":" in item]
    without = () if environment_id.startswith(GYMNASIUM) else _FOR_GYMNASIUM
    return {file for name in (*_ROOTS, *modules) for file in files_of_module(name, without)}


def files_of_module(name: str, without: Collection[str] = ()) -> set[Path]:
    """The file of a module, and of every module in the same folder tree or tfrl that it needs.

    Followed is what is imported by name, directly or not, from the folder that the module is found
    in, and from tfrl, except the modules `without`; not what is installed, nor what is read or
    imported in other ways. Raises `LookupError` if there is no such module.
    """
    top = name.partition(".")[0]
    spec = util.find_spec(top)
    places = spec and (spec.submodule_search_locations or ([spec.origin] if spec.origin else []))
    if not places:
        raise LookupError(f"there is no module {top!r}")
    root = Path(next(iter(places))).parent
    files: dict[str, Path] = {}
    pending = [name]
    while pending:
        needed = pending.pop()
        if root.name in _INSTALLED and needed.partition(".")[0] not in (top, "tfrl"):
            continue
        for module, file in _modules(root, needed):
            if not {module} & (files.keys() | set(without) | _WITHOUT_INFLUENCE):
                files[module] = file
                package = module if file.name == "__init__.py" else module.rpartition(".")[0]
                pending += _imports(file.read_bytes(), package)
                pending += _pipelines() if module == _PIPELINES else ()
    return set(files.values())


def shipped_source(pipeline: str) -> tuple[str, str]:
    """The source of a shipped pipeline, and the name before "Pipeline" of its class.

    Raises `LookupError` if there is none.
    """
    known = _shipped_pipelines()
    if pipeline not in known:
        raise LookupError(f"unknown pipeline {pipeline!r}: expected one of {', '.join(known)}")
    module, _, name = known[pipeline].partition(":")
    file = _TFRL.joinpath(*module.split(".")[1:]).with_suffix(".py")
    return file.read_text(encoding="utf-8"), name.removesuffix("Pipeline")


def _modules(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The modules that decide what a dotted name stands for: its own, and the packages it is in.

    Packages of tfrl that only hand on names of their modules do not: the modules do instead.
    """
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        module = ".".join(parts[:length])
        file = _file(root, module)
        if not file:  # a folder, or a name inside a module
            continue
        handed_on = _handed_on(module, file) if length < len(parts) else None
        if handed_on is None:
            yield module, file
        elif not _file(root, f"{module}.{parts[length]}"):
            origin = handed_on.get(parts[length])
            yield from _modules(root, origin) if origin else [(module, file)]


def _handed_on(module: str, file: Path) -> dict[str, str] | None:
    """Where the names come from that a package of tfrl hands on; None if it does more than that."""
    tree = canonical_code.parse(file.read_bytes())
    if not module.startswith("tfrl.") or file.name != "__init__.py" or not tree:
        return None
    statements = [node for node in tree.body if not canonical_code.is_mute(node)]
    imports = [node for node in statements if isinstance(node, ast.ImportFrom)]
    if module != _PIPELINES and len(imports) < len(statements):
        return None
    return {
        alias.asname or alias.name: f"{_origin(node, module)}.{alias.name}"
        for node in imports
        for alias in node.names
    }


def _file(root: Path, module: str) -> Path | None:
    """The file of a module under `root`, or in tfrl, if it is there."""
    top, *below = module.split(".")
    path = (_TFRL if top == "tfrl" else root / top).joinpath(*below)
    candidates = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in candidates if file.is_file()), None)


@functools.lru_cache(maxsize=1024)
def _imports(content: bytes, package: str) -> tuple[str, ...]:
    """The names that a file in `package` imports, some of which may be no modules.

    None if it is no Python.
    """
    tree = canonical_code.parse(content)
    return tuple(name for node in ast.walk(tree) for name in _named(node, package)) if tree else ()


def _named(node: ast.AST, package: str) -> Iterator[str]:
    """The names that a statement in `package` imports."""
    match node:
        case ast.Import(names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(names=names):
            with suppress(ImportError):  # it is relative, and leads above all packages
                origin = _origin(node, package)
                for alias in names:
                    yield origin if alias.name == "*" else f"{origin}.{alias.name}"


def _origin(node: ast.ImportFrom, package: str) -> str:
    """The absolute name of the module that a file in `package` imports from."""
    return util.resolve_name("." * node.level + (node.module or ""), package)


def _pipelines() -> list[str]:
    """The modules of all shipped pipelines."""
    return [path.partition(":")[0] for path in _shipped_pipelines().values()]


def _shipped_pipelines() -> dict[str, str]:
    """`tfrl.pipelines.PIPELINES`, to import which would import TensorFlow."""
    tree = canonical_code.parse((_TFRL / "pipelines" / "__init__.py").read_bytes())
    for node in tree.body if tree else ():
        match node:
            case ast.Assign([ast.Name("PIPELINES")], value) | ast.AnnAssign(
                ast.Name("PIPELINES"), value=ast.expr() as value
            ):
                return dict(ast.literal_eval(value))
    raise LookupError("tfrl.pipelines has no PIPELINES")
