"""The report of a study: a self-contained page, the same as Markdown, figures and tables."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from tfrl.harness.storage import Results
from tfrl.harness.study import Environment
from tfrl.report import pictures, tables, wording
from tfrl.report.blocks import Agent, Chapter, Picture, Table
from tfrl.report.findings import apo_and_ppo, findings
from tfrl.report.style import looks


def render(results: Results, destination: Path) -> Path:
    """Writes the report of a study into the folder `destination`.

    The same results give the same bytes. Writes index.html (which needs no other file), README.md, figures/*.svg and tables/*.csv, and
    removes figures and tables that an earlier report left there.

    Returns:
      The path of index.html.
    """
    chapters = [chapter(results, environment) for environment in results.study.environments]
    content = _content(results, chapters)
    figures = {f"{p.slug}.svg": p.wide for c in chapters for p in _pictures(c)}
    written = {f"{t.slug}.csv": _csv(t.data) for t in _tables(chapters, content)}
    written |= {
        f"{c.slug}-apo-ppo-runs.csv": _csv(c.values) for c in chapters if c.values is not None
    }
    written["fingerprints.csv"] = _csv(tables.fingerprints(results.runs))
    _write(destination / "figures", figures)
    _write(destination / "tables", written)
    (destination / "README.md").write_text(
        _markdown().render(content), encoding="utf-8", newline="\n"
    )
    index = destination / "index.html"
    index.write_text(_html().render(content), encoding="utf-8", newline="\n")
    return index


def chapter(results: Results, environment: Environment) -> Chapter:
    """All that the report says about one environment."""
    found, look = findings(results, environment), looks(results.study)
    answers = [wording.seeds_answer(found.final, look)]
    pair, claims, apo = found.comparison, None, ()
    if pair is not None:
        answers += wording.apo_answers(pair.claims)
        claims = tables.claims(f"{environment.name}-apo-ppo", pair.claims, found.threshold)
        apo = (pictures.by_episode(found, pair, look), pictures.measures(found, pair, look))
    else:
        answers.append(wording.mean_answer(found.final, look))
        if found.threshold is not None:
            answers.append(wording.solved_answer(found.history, found.threshold, look))
    slug = f"{environment.name}-final-performance"
    return Chapter(
        slug=environment.name,
        heading=environment.id,
        answers=tuple(answers),
        first=pictures.final(found, look),
        curves=(pictures.training(found, look), pictures.evaluation(found, look)),
        performance=tables.performance(slug, found.final, found.training, look),
        apo=apo,
        claims=claims,
        values=pair.values if pair else None,
    )


def _content(results: Results, chapters: list[Chapter]) -> dict[str, object]:
    """What the templates show."""
    study, look = results.study, looks(results.study)
    environments = {environment.name: environment.id for environment in study.environments}
    finished = results.runs["status"] == "finished"
    counts = finished.groupby(results.runs["configuration"], observed=True).agg(["sum", "size"])
    agents = [
        Agent(look[name].label, look[name].colour, f"{done} of {wording.plural(planned, 'run')}")
        for name, done, planned in counts.itertuples()
    ]
    return {
        "study": study,
        "question": wording.question(study, apo_and_ppo(study) is not None),
        "incomplete": wording.incomplete(results.runs),
        "agents": agents,
        "chapters": chapters,
        "ledger": tables.ledger(results.runs, look, environments),
        "failures": tables.failures(results.runs, look, environments),
        "manifest": tables.manifest(results.manifest),
    }


def _pictures(chapter: Chapter) -> Iterable[Picture]:
    return (chapter.first, *chapter.curves, *chapter.apo)


def _tables(chapters: list[Chapter], content: dict[str, object]) -> Iterable[Table]:
    for chapter in chapters:
        yield chapter.performance
        if chapter.claims:
            yield chapter.claims
    yield from (content[name] for name in ("ledger", "failures", "manifest"))


def _write(folder: Path, files: dict[str, str]) -> None:
    """Writes the files and removes others with the same endings."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.suffix in (".svg", ".csv") and path.name not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format="%.8g", lineterminator="\n")


def _templates(**options: object) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tfrl.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )


def _html() -> jinja2.Template:
    environment = _templates(autoescape=True)
    environment.filters["data_uri"] = _data_uri
    return environment.get_template("index.html")


def _markdown() -> jinja2.Template:
    environment = _templates(autoescape=False)
    environment.filters["md"] = _escaped
    return environment.get_template("README.md")


def _data_uri(svg: str) -> Markup:
    return Markup("data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode())


def _escaped(text: str) -> str:
    """Plain text as Markdown on one line, in or out of a table."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#~&$])", r"\\\1", one_line)
