// The reasoning, step by step: {kind: think | query | passages | cases, ...}.

import { byId, el, fill } from "./dom.js";
import { pieces, stemsOf } from "./words.js";

const NAMES = { think: "Thinks", query: "Looks up", passages: "Reads", cases: "Looks at similar cases" };

/** The steps of a finished reply. */
export function stepsOf(reply) {
  const steps = [];
  reply.trajectory.forEach((turn, index) => {
    const last = index === reply.trajectory.length - 1;
    if (last && reply.similar_cases.length) steps.push({ kind: "cases", count: reply.similar_cases.length });
    if (turn.think) steps.push({ kind: "think", text: turn.think });
    if (turn.query) {
      steps.push({ kind: "query", text: turn.query });
      steps.push({ kind: "passages", query: turn.query, passages: turn.passages || [] });
    }
  });
  return steps;
}

/** The list of steps on the page; grows while the reasoning streams. */
export class Trace {
  #list = byId("trace");
  #steps = [];
  #live = null;

  clear() {
    this.#steps = [];
    this.#live = null;
    fill(this.#list);
  }

  /** Text as it is sampled: shown at once, replaced when its block is complete. */
  stream(text) {
    if (!this.#live) {
      this.#live = { raw: "", body: el("p", {}) };
      this.#list.append(el("li", { className: "step live" }, el("h4", {}, "Writing"), this.#live.body));
    }
    this.#live.raw += text;
    this.#live.body.textContent = this.#live.raw.replace(/<[^>]*(>|$)/g, " ").trim();
  }

  add(step) {
    this.settle();
    this.#steps.push(step);
    this.#list.append(draw(step));
  }

  /** No more text comes. */
  settle() {
    this.#list.querySelector(".live")?.remove();
    this.#live = null;
  }

  /** The finished steps; what is on the page already, and what was opened, stays. */
  finish(steps) {
    this.settle();
    if (JSON.stringify(steps) === JSON.stringify(this.#steps)) return;
    const opened = new Set([...this.#list.querySelectorAll("details[open]")].map((one) => one.dataset.passage));
    this.clear();
    for (const step of steps) this.add(step);
    for (const one of this.#list.querySelectorAll("details")) one.open = opened.has(one.dataset.passage);
  }
}

function draw(step) {
  return el("li", { className: `step step-${step.kind}` }, el("h4", {}, NAMES[step.kind]), body(step));
}

function body(step) {
  if (step.kind === "passages") {
    if (!step.passages.length) return el("p", { className: "quiet" }, "Nothing was found.");
    const stems = stemsOf(step.query);
    return el("ol", { className: "passages" }, step.passages.map((passage) => drawPassage(passage, stems)));
  }
  if (step.kind === "cases") {
    const beside = step.count === 1 ? "a similar case was" : `${step.count} similar cases were`;
    return el("p", {}, `It was unsure, so ${beside} put beside the scan: see below.`);
  }
  return el("p", {}, step.text);
}

function drawPassage(passage, stems) {
  const summary = el(
    "summary",
    {},
    el("span", { className: "title" }, passage.title || passage.id),
    el("span", { className: "glimpse" }, marked(glimpse(passage.text, stems), stems)),
  );
  const where = [passage.source, passage.id].filter(Boolean).join(" · ");
  const score = typeof passage.score === "number" ? ` · score ${passage.score.toPrecision(3)}` : "";
  const text = el("p", {}, marked(passage.text, stems));
  const details = el("details", {}, summary, text, el("p", { className: "quiet" }, where + score));
  details.dataset.passage = passage.id;
  return el("li", {}, details);
}

/** The sentence with most of the words. */
function glimpse(text, stems) {
  const sentences = text.match(/[^.!?]+[.!?]*\s*/g) || [text];
  const hits = (sentence) => new Set(pieces(sentence, stems).filter((one) => one.hit).map((one) => one.text)).size;
  return sentences.reduce((best, sentence) => (hits(sentence) > hits(best) ? sentence : best)).trim();
}

function marked(text, stems) {
  return pieces(text, stems).map((piece) => (piece.hit ? el("mark", {}, piece.text) : piece.text));
}
