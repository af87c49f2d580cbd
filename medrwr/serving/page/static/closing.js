// What one can do with an answer: copy it, and say whether it was right.

import { json } from "./api.js";
import { el, fill } from "./dom.js";
import { asText } from "./text.js";
import { letterOf } from "./words.js";

/** Buttons for copying, and the feedback form. */
export function drawClosing(reply) {
  return el("div", { className: "closing" }, feedback(reply), copies(reply), provenance(reply));
}

function copies(reply) {
  const said = el("span", { className: "quiet", role: "status" });
  const button = (label, text) => {
    const one = el("button", { type: "button" }, label);
    one.addEventListener("click", async () => {
      said.textContent = (await copy(text())) ? "Copied." : "Your browser does not allow copying.";
    });
    return one;
  };
  return el(
    "div",
    { className: "row" },
    button("Copy the trajectory", () => asText(reply)),
    button("Copy as JSON", () => JSON.stringify(reply, null, 2)),
    said,
  );
}

function feedback(reply) {
  const box = el("fieldset", { className: "feedback" }, el("legend", {}, "Was it right?"));
  const said = el("p", { className: "quiet", role: "status" });
  const send = async (body) => {
    try {
      await json("v1/feedback", { id: reply.id, ...body });
      fill(box, el("legend", {}, "Was it right?"), said);
      said.textContent = "Thank you. It is kept for curation.";
    } catch (error) {
      said.textContent = [error.message, error.remedy].filter(Boolean).join(" ");
    }
  };
  const right = el("button", { type: "button" }, "Right");
  const wrong = el("button", { type: "button", "aria-expanded": "false" }, "Wrong");
  const more = correction(reply, send);
  right.addEventListener("click", () => send({ rating: "right" }));
  wrong.addEventListener("click", () => {
    more.hidden = !more.hidden;
    wrong.setAttribute("aria-expanded", String(!more.hidden));
  });
  box.append(el("div", { className: "row" }, right, wrong), more, said);
  return box;
}

function correction(reply, send) {
  const choice = el(
    "select",
    { id: "correct" },
    el("option", { value: "" }, "I do not know"),
    reply.options.map((option, index) => el("option", { value: letterOf(index) }, `${letterOf(index)}. ${option}`)),
  );
  const comment = el("textarea", { id: "comment", rows: 2, maxLength: 2000 });
  const button = el("button", { type: "button", className: "primary" }, "Send");
  button.addEventListener("click", () => {
    const body = { rating: "wrong" };
    if (choice.value) body.correct_letter = choice.value;
    if (comment.value.trim()) body.comment = comment.value.trim();
    send(body);
  });
  const named = (target, text, field) => el("div", {}, el("label", { htmlFor: target }, text), field);
  return el(
    "div",
    { className: "correction", hidden: true },
    named("correct", "The right answer", choice),
    named("comment", "Comment (no names, please)", comment),
    button,
  );
}

function provenance(reply) {
  const model = reply.model ? `${reply.model.name} version ${reply.model.version}` : "";
  const digest = reply.model?.digest ? `checkpoint ${reply.model.digest.slice(0, 12)}` : "";
  const index = reply.index?.digest ? `index ${reply.index.digest.slice(0, 12)}` : "";
  const parts = [model, digest, index, `request ${reply.id}`].filter(Boolean);
  return el("p", { className: "quiet provenance" }, parts.join(" · "));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { value: text, className: "unseen" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy"); // the clipboard API is for secure contexts alone
    area.remove();
    return done;
  }
}
