"""The commands of `medrwr`: what they take. What they do is in the module of the same name, imported on use."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from medrwr.errors import MedrwrError
from pipelines.cli import kb

app = typer.Typer(
    name="medrwr",
    help="Medical multimodal reasoning with retrieval: ask a model, look at the pipeline. For research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(kb.app, name="kb")

Image = Annotated[Path | None, typer.Option("--image", help="a PNG or JPEG file; leave it out for text alone")]
Question = Annotated[str, typer.Option("--question", help="the question")]
Options = Annotated[list[str] | None, typer.Option("--option", help="one possible answer; give it 2 to 10 times")]
Model = Annotated[
    str | None, typer.Option("--model", help="an MLflow URI or a checkpoint folder; the champion when left out")
]
Index = Annotated[Path | None, typer.Option("--index", help="another passage index, its manifest beside it")]
Query = Annotated[str | None, typer.Option("--query", help="look this up first; the model asks on from there")]
Why = Annotated[str, typer.Option("--why", help="the reason, kept in the history")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def ask(
    image: Image = None,
    question: Question = "",
    option: Options = None,
    model: Model = None,
    index: Index = None,
    query: Query = None,
    json: Json = False,
) -> None:
    """Ask a multiple-choice question: the thoughts, queries and sources behind the answer."""
    from pipelines.cli.ask import Request
    from pipelines.cli.ask import ask as run

    run(Request(question, tuple(option or ()), image, model, index, query), as_json=json)


@app.command()
def predict(
    source: Annotated[Path, typer.Option("--input", help="questions (.jsonl, .csv, .parquet), or a folder of images")],
    output: Annotated[Path, typer.Option("--output", help="the Parquet file to write")],
    model: Model = None,
    server: Annotated[str | None, typer.Option("--server", help="ask this server; its key in MEDRWR_API_KEY")] = None,
    images: Annotated[Path | None, typer.Option("--images", help="what image paths are relative to")] = None,
    question: Annotated[str, typer.Option("--question", help="what is asked of a folder's images")] = "",
    option: Options = None,
) -> None:
    """Score a table or a folder to Parquet; killed and run again, it goes on; bad rows go to a quarantine."""
    from pipelines.cli.predict import Request, run

    run(Request(source, output, model, server, images, question, tuple(option or ())))


@app.command("eval")
def evaluate(
    benchmark: Annotated[str, typer.Option("--benchmark", help="its name, or several with commas between them")],
    data: Annotated[
        list[str],
        typer.Option("--data", help="folder, file or hub name; one for each benchmark, or one folder for all"),
    ],
    model: Model = None,
    index: Index = None,
    out: Annotated[Path | None, typer.Option("--out", help="the run's folder; reports/benchmarks/.. without")] = None,
    split: Annotated[str, typer.Option("--split", help="train, validation or test; what papers report without")] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="ask so many questions, drawn by seed; 0: all")] = 0,
    arm: Annotated[
        str,
        typer.Option("--arm", help="deployed, own_query (no second look), no_retrieval, question_as_query, at_once"),
    ] = "deployed",
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="of sampling; 0: greedy")] = 0.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of sampling")] = 0,
    scoring: Annotated[
        str, typer.Option("--scoring", help="strict (ours), or as mirage, medxpertqa, mmmu or vqa read answers")
    ] = "strict",
    completions: Annotated[
        Path | None, typer.Option("--completions", help="score these instead: lines of question_id and completion")
    ] = None,
    only: Annotated[str, typer.Option("--only", help="closed or open questions alone; both without")] = "",
    orders: Annotated[int, typer.Option("--orders", min=1, help="ask closed ones in so many orders of options")] = 1,
) -> None:
    """Evaluate a checkpoint on named benchmarks, with intervals over cases; killed and run again, it goes on."""
    from pipelines.cli.eval import Request, run

    names = tuple(name.strip() for name in benchmark.split(","))
    given = Request(names, tuple(data), model, index, out, split, limit, arm, temperature, seed, scoring)
    run(replace(given, completions=completions, only=only, orders=orders))


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="a run's folder, or several seeds of it with commas between them")],
    second: Annotated[str, typer.Argument(help="the other run, likewise")],
    by_choice: Annotated[bool, typer.Option("--by-choice", help="read answers as their most probable option")] = False,
    json: Json = False,
) -> None:
    """Compare two runs of `medrwr eval` question by question: differences, intervals over cases, corrected p."""
    from pipelines.cli.compare import compare as run

    run(tuple(first.split(",")), tuple(second.split(",")), by_choice=by_choice, as_json=json)


@app.command()
def curate(
    images: Annotated[Path, typer.Option("--images", help="the folder of the archive's images")],
    captions: Annotated[Path, typer.Option("--captions", help="a table with the columns image and caption")],
    out: Annotated[Path, typer.Option("--out", help="where questions, rejections and the card go")],
    endpoint: Annotated[str, typer.Option("--endpoint", help="an OpenAI-compatible base URL; offline without")] = "",
    model: Annotated[str, typer.Option("--model", help="the model's name there")] = "",
    benchmark: Annotated[list[Path] | None, typer.Option("--benchmark", help="questions to keep apart from")] = None,
    licence: Annotated[str, typer.Option("--licence", help="of the archive, for the card")] = "",
    prompt_price: Annotated[float, typer.Option("--prompt-price", help="of a million tokens sent")] = 0.0,
    completion_price: Annotated[float, typer.Option("--completion-price", help="of a million tokens received")] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what it would cost")] = False,
    clusters: Annotated[int, typer.Option("--clusters", min=0, help="use cases near as many centres; 0: all")] = 0,
    per_cluster: Annotated[int, typer.Option("--per-cluster", min=1, help="cases of each cluster")] = 4,
    encoder: Annotated[Path | None, typer.Option("--encoder", help="its folder; the workspace's when left out")] = None,
) -> None:
    """Turn an archive of captioned images into training questions; what breaks a rule is kept with its reason."""
    from pipelines.cli.curate import Request
    from pipelines.cli.curate import curate as run

    prices = (prompt_price, completion_price)
    given = Request(images, captions, out, endpoint, model, tuple(benchmark or ()), licence, *prices, dry_run=dry_run)
    run(replace(given, clusters=clusters, per_cluster=per_cluster, encoder=encoder))


@app.command()
def review(
    folder: Annotated[Path, typer.Argument(help="what `medrwr curate --out` made")],
    images: Annotated[Path, typer.Option("--images", help="the folder of the archive's images")],
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8009,
) -> None:
    """Accept, edit or reject curated items by keyboard on a local page; run `medrwr curate` again to apply it."""
    from pipelines.cli.review import review as run

    run(folder, images, port=port)


@app.command("curate-book")
def curate_book(
    book: Annotated[Path, typer.Option("--book", help="Markdown with numbered practice questions")],
    out: Annotated[Path, typer.Option("--out", help="where test.json, images and rejections go")],
    view: Annotated[str, typer.Option("--type", help="of all questions; their chapter when left out")] = "",
) -> None:
    """Turn a book's practice questions with images into a benchmark in ECBench's format."""
    from pipelines.cli.curate_more import curate_book as run

    run(book, out, view=view)


@app.command("curate-feedback")
def curate_feedback(
    feedback: Annotated[Path, typer.Option("--feedback", help="feedback.jsonl of a server's folder")],
    out: Annotated[Path, typer.Option("--out", help="where questions and rejections go")],
    benchmark: Annotated[list[Path] | None, typer.Option("--benchmark", help="questions to keep apart from")] = None,
) -> None:
    """Turn what readers said of a server's answers into questions, where they agree which option is right."""
    from pipelines.cli.curate_more import curate_feedback as run

    run(feedback, out, benchmarks=tuple(benchmark or ()))


@app.command()
def stratify(
    questions: Annotated[Path, typer.Option("--questions", help="JSON lines, as `medrwr curate` writes them")],
    out: Annotated[Path, typer.Option("--out", help="where graded questions, the list and the histogram go")],
    policy: Annotated[
        list[str], typer.Option("--policy", help="base, sft, grpo_text, grpo_multimodal, a folder, a hub's name")
    ],
    images: Annotated[Path | None, typer.Option("--images", help="what image paths are relative to")] = None,
    mode: Annotated[str, typer.Option("--mode", help="direct, reasoning (with retrieval) or letters")] = "direct",
    rollouts: Annotated[int, typer.Option("--rollouts", min=1, help="answers of each policy to each question")] = 10,
) -> None:
    """Grade questions as easy or hard by policies' answers; always right ones go; killed and run again, it goes on."""
    from pipelines.cli.stratify import Request, stratify_questions

    stratify_questions(Request(questions, out, tuple(policy), images, mode, rollouts))


@app.command()
def summary() -> None:
    """What the pipeline did: each stage's time, memory and key figure."""
    from pipelines.cli.summary import summary as run

    run()


@app.command()
def example() -> None:
    """One worked example of the last evaluation."""
    from pipelines.cli.example import example as run

    run()


@app.command()
def ablate(
    grid: Annotated[
        str,
        typer.Argument(
            help="table1, 2, 3, 11, 12, 13 or 14, fig3a, fig3b, fig3c, rewardparts, curation, cdir, cdir-taught"
        ),
    ],
    seed: Annotated[list[int] | None, typer.Option("--seed", help="repeatable: seeds are pooled")] = None,
    small: Annotated[bool, typer.Option("--small", help="with params/small.yaml: minutes, nothing learned")] = False,
    row: Annotated[list[str] | None, typer.Option("--row", help="only this row and the reference; repeatable")] = None,
    base: Annotated[list[Path] | None, typer.Option("--base", help="the rows on this base checkpoint, too")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be run")] = False,
    data: Annotated[list[str] | None, typer.Option("--data", help="table13: NAME=PLACE of a set; repeatable")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="experiments at a time, sharing the processor")] = 1,
    answers: Annotated[
        list[Path] | None, typer.Option("--answers", help="pooled in: GRID.answers.json of other seeds")
    ] = None,
) -> None:
    """One of the paper's tables: each row a DVC experiment, the paper's figures beside ours; goes on where it ended."""
    from pipelines.cli.ablate import Request
    from pipelines.cli.ablate import ablate as run

    places = (tuple(base or ()), dry_run, tuple(data or ()))
    run(Request(grid, tuple(seed or ()), small, tuple(row or ()), *places, jobs, tuple(answers or ())))


@app.command()
def models() -> None:
    """All versions of the model, who carries the alias, and how that came about."""
    from pipelines.cli.models import models as run

    run()


@app.command()
def promote(version: Annotated[str, typer.Argument(help="its number, as `medrwr models` shows it")], why: Why) -> None:
    """Give the alias to a version, whatever the gate said; every digest is verified first."""
    from pipelines.cli.models import promote as run

    run(version, why)


@app.command()
def rollback(why: Why) -> None:
    """Give the alias back to the version that had it before."""
    from pipelines.cli.models import rollback as run

    run(why)


@app.command()
def serve(
    model: Annotated[str | None, typer.Option("--model", help="models:/NAME@ALIAS, models:/NAME/1 or a folder")] = None,
    index: Index = None,
    host: Annotated[
        str, typer.Option("--host", help="the address to listen on; others than loopback want keys")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8008,
    keys: Annotated[Path | None, typer.Option("--keys", help="lines of name:sha256; or MEDRWR_API_KEYS")] = None,
    new_key: Annotated[str, typer.Option("--new-key", help="print a new key for NAME and its line, nothing else")] = "",
    trace_share: Annotated[float, typer.Option("--trace-share", min=0, max=1, help="of answers, to MLflow")] = 0.1,
    abstain: Annotated[float, typer.Option("--abstain", min=0, max=1, help="mark answers less sure than this")] = 0.0,
    rate: Annotated[int, typer.Option("--rate", min=1, help="requests a minute of one caller")] = 600,
) -> None:
    """Answer over HTTP, with a page; the model follows the registry's alias."""
    from pipelines.cli import serve as run

    if new_key:
        run.print_new_key(new_key)
        return
    run.serve(run.Request(model, index, host, port, keys, trace_share, abstain, rate))


@app.command()
def doctor(json: Json = False) -> None:
    """Check machine and workspace, and say what to do; exit code 1 when something is missing."""
    from pipelines.cli.doctor import doctor as run

    raise typer.Exit(0 if run(as_json=json) else 1)


def main() -> None:
    """Entry point: an error that a user can cause is one line on stderr and exit code 1."""
    try:
        app()
    except MedrwrError as error:
        print(f"medrwr: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
