"""Stage `sft`: the cold start on demonstrations whose passages the real retriever gives (M24)."""

from __future__ import annotations

from medrwr.policy.loading import Policy
from medrwr.records import read_records
from medrwr.rollout.context import picture_ids
from medrwr.training.curves import History, last_mean
from medrwr.training.demonstrations import Prepared, prepare_demonstrations
from medrwr.training.sft import CURVES, SftTask, train_sft
from medrwr.types import Demonstration
from pipelines.opening import BASE, image_root_of, open_passages
from pipelines.stage import StageContext, StageResult
from pipelines.training import open_trainable, run_options, save_trained, work_folder, write_curves

STAGE = "sft"
_LAST_STEPS = 10


def run(context: StageContext) -> StageResult:
    """Train and save models/sft; with `sft.enabled: false` the base model is passed on as it is."""
    policy = open_trainable(context, BASE)
    context.paths.plots(STAGE).mkdir(parents=True, exist_ok=True)
    if not context.params.sft.enabled:
        save_trained(context, STAGE, policy)
        return StageResult({"demonstrations": 0}, "SFT skipped: the base model goes on", (context.paths.model(STAGE),))
    prepared, quarantined = _prepare(context, policy)
    history = _train(context, policy, prepared)
    metrics = {
        "demonstrations": len(prepared.episodes),
        "without_gold": prepared.without_gold,
        "dropped_without_gold": prepared.dropped,
        "dropped_too_long": prepared.too_long,
        "quarantined": quarantined,
        "steps": len(history),
        "loss": last_mean(history, "loss", steps=_LAST_STEPS),
        "token_accuracy": last_mean(history, "mean_token_accuracy", steps=_LAST_STEPS),
    }
    headline = (
        f"{metrics['demonstrations']} of {prepared.offered} demonstrations, loss {history[0]['loss']:.2f} -> "
        f"{metrics['loss']:.2f}, token accuracy {metrics['token_accuracy']:.3f}"
    )
    return StageResult(metrics, headline, (context.paths.model(STAGE),))


def _prepare(context: StageContext, policy: Policy) -> tuple[Prepared, int]:
    demonstrations, bad = read_records(context.paths.demonstrations, Demonstration)
    prepared = prepare_demonstrations(
        demonstrations,
        retriever=open_passages(context),
        tokenizer=policy.tokenizer,
        max_tokens=context.params.rollout.max_completion_tokens,
        picture=picture_ids(policy),
    )
    return prepared, len(bad)


def _train(context: StageContext, policy: Policy, prepared: Prepared) -> History:
    work = work_folder(
        context,
        STAGE,
        previous=BASE,
        sections=("base", "base_model", "rollout", "sft"),
        files=(context.paths.demonstrations, context.paths.index_manifest),
    )
    task = SftTask(prepared.episodes, image_root_of(context), context.params.rollout.max_turns)
    options = run_options(context, policy)
    history = train_sft(policy, task, context.params.sft, options=options, work=work, sink=context.sink)
    save_trained(context, STAGE, policy)
    write_curves(context, STAGE, history, CURVES)
    work.remove()
    return history
