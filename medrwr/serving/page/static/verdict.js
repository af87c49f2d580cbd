// The answer: letter, confidence with its meaning, the probability of each option.

import { el, svg } from "./dom.js";
import { letterOf, meaning, percent, stopped, sureness } from "./words.js";

/** The card with the answer. */
export function drawVerdict(reply) {
  const card = el("div", { className: reply.abstained ? "verdict abstained" : "verdict" });
  card.append(headline(reply));
  if (reply.letter) card.append(gauge(reply), explanation(reply));
  card.append(notes(reply));
  const bars = drawBars(reply);
  if (bars) card.append(bars);
  return card;
}

/** While it is awaited. */
export function drawWaiting() {
  return el("div", { className: "verdict waiting" }, el("p", { className: "working" }, "Reasoning"));
}

function headline(reply) {
  if (!reply.letter) return el("p", { className: "headline" }, "No answer could be read.");
  return el(
    "p",
    { className: "headline" },
    el("span", { className: "letter" }, reply.letter),
    el("span", {}, reply.abstained ? el("small", {}, "Abstains. Its guess would be: ") : null, reply.answer),
  );
}

function explanation(reply) {
  const options = reply.options.length;
  return el(
    "div",
    { className: "meaning" },
    el("p", {}, el("b", {}, `${percent(reply.confidence)}: ${sureness(reply.confidence, options)}.`)),
    el("p", { className: "quiet" }, meaning(reply)),
  );
}

function notes(reply) {
  const lines = [];
  if (reply.abstained) lines.push("It abstains: it is less sure than this server asks for. Do not use this answer.");
  if (reply.reretrieved) lines.push("Looked again: its first answer was unsure, so it was shown similar cases.");
  if (reply.stop_reason !== "answered") lines.push(stopped(reply.stop_reason));
  return el("ul", { className: "notes" }, lines.filter(Boolean).map((line) => el("li", {}, line)));
}

function drawBars(reply) {
  const probs = reply.options.map((_, index) => reply.option_probs?.[letterOf(index)]);
  if (probs.every((value) => value === undefined)) return null;
  const rows = reply.options.map((option, index) => {
    const share = probs[index] || 0;
    const fillBar = el("span", { className: "filled" });
    fillBar.style.width = `${100 * share}%`;
    return el(
      "li",
      { className: letterOf(index) === reply.letter ? "chosen" : "" },
      el("span", { className: "option" }, `${letterOf(index)}. ${option}`),
      el("span", { className: "share" }, percent(share)),
      el("span", { className: "bar", "aria-hidden": "true" }, fillBar),
    );
  });
  return el("ol", { className: "bars", "aria-label": "Probability of each answer" }, rows);
}

/** A half circle; the tick is where guessing would be. */
function gauge(reply) {
  const options = reply.options.length;
  const label = `Confidence ${percent(reply.confidence)}; guessing among ${options} would be ${percent(1 / options)}`;
  const [x, y] = onArc(1 / options, 42);
  const [x2, y2] = onArc(1 / options, 58);
  const drawing = svg(
    "svg",
    { viewBox: "0 0 120 76", role: "img", "aria-label": label },
    svg("path", { d: arc(1), class: "track" }),
    svg("path", { d: arc(Math.max(reply.confidence, 0.005)), class: "value" }),
    svg("line", { x1: x, y1: y, x2, y2, class: "chance" }),
    svg("text", { x: 60, y: 56, class: "number" }, percent(reply.confidence)),
    svg("text", { x: 60, y: 71, class: "unit" }, "confidence"),
  );
  return el("div", { className: "gauge" }, drawing, el("p", { className: "quiet" }, `tick: guessing, ${percent(1 / options)}`));
}

function onArc(share, radius) {
  const angle = Math.PI * (1 - share);
  return [60 + radius * Math.cos(angle), 60 - radius * Math.sin(angle)];
}

function arc(share) {
  const [x, y] = onArc(share, 50);
  return `M10 60 A50 50 0 0 1 ${x.toFixed(2)} ${y.toFixed(2)}`;
}
