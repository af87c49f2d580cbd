// The page: asks, follows the events, shows the answer.

import { ApiError, events, json, useKey } from "./api.js";
import { drawCases, listenToViewer } from "./cases.js";
import { drawClosing } from "./closing.js";
import { byId, el, fill } from "./dom.js";
import { Form } from "./form.js";
import { History } from "./history.js";
import { Picture } from "./picture.js";
import { Trace, stepsOf } from "./trace.js";
import { drawVerdict, drawWaiting } from "./verdict.js";
import { percent } from "./words.js";

const picture = new Picture(() => byId("question").focus());
const form = new Form(picture);
const trace = new Trace();
const history = new History(({ reply, image }) => {
  begin(reply);
  show(reply, image);
  byId("answer-title").focus();
});
let running = null;

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
byId("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
});
byId("stop").addEventListener("click", () => running?.abort());
listenToViewer();
welcome();

async function ask() {
  if (running) return;
  const asked = form.read();
  if (!asked) return;
  useKey(byId("key").value);
  running = new AbortController();
  begin(asked);
  fill(byId("verdict"), drawWaiting());
  setRunning(true);
  say("Reasoning.");
  if (window.innerWidth < 900) byId("answer-title").scrollIntoView();
  const image = picture.image;
  try {
    await follow(asked, image, running.signal);
  } catch (error) {
    fail(error);
  } finally {
    running = null;
    setRunning(false);
  }
}

async function follow(asked, image, signal) {
  for await (const { event, data } of events("v1/answers", { ...asked, stream: true }, signal)) {
    if (event === "delta") trace.stream(data.text);
    else if (event === "think") trace.add({ kind: "think", text: data.text });
    else if (event === "query") trace.add({ kind: "query", text: data.text });
    else if (event === "retrieve") trace.add({ kind: "passages", query: data.query, passages: data.passages });
    else if (event === "cases") trace.add({ kind: "cases", count: data.cases.length });
    else if (event === "error") throw new ApiError(200, data.error.code, data.error.message, data.error.remedy);
    else if (event === "answer") {
      const reply = { ...data, question: asked.question, options: asked.options };
      show(reply, image);
      history.add({ reply, image });
      say(reply.letter ? `Answer ${reply.letter}, ${reply.answer}, confidence ${percent(reply.confidence)}.` : "No answer.");
      return;
    }
  }
  throw new ApiError(0, "cut", "The connection ended before the answer.", "Ask again.");
}

/** An empty result for what is asked. */
function begin(asked) {
  byId("failure").hidden = true;
  byId("empty").hidden = true;
  byId("result").hidden = false;
  byId("asked").textContent = asked.question;
  trace.clear();
  for (const part of ["verdict", "cases", "closing"]) fill(byId(part));
}

function show(reply, image) {
  fill(byId("verdict"), drawVerdict(reply));
  trace.finish(stepsOf(reply));
  fill(byId("cases"), drawCases(reply, image));
  fill(byId("closing"), drawClosing(reply));
}

function fail(error) {
  trace.settle();
  fill(byId("verdict"));
  const stopped = error.name === "AbortError";
  const failure = byId("failure");
  failure.hidden = false;
  if (stopped) {
    fill(failure, el("p", {}, "Stopped."));
    return;
  }
  const known = error instanceof ApiError;
  if (known && error.status === 401) showKey();
  const wait = error.retryAfter ? `Try again in ${error.retryAfter} s.` : "";
  fill(
    failure,
    el("p", {}, el("b", {}, error.message)),
    el("p", {}, [error.remedy, wait].filter(Boolean).join(" ") || null),
    known ? el("p", { className: "quiet" }, error.code) : null,
  );
  say("That did not work.");
}

function showKey() {
  byId("key-field").hidden = false;
  byId("key").focus();
}

function setRunning(on) {
  byId("ask").disabled = on;
  byId("stop").hidden = !on;
}

function say(text) {
  byId("status").textContent = text;
}

/** The model's name and some examples; without them the page works too. */
async function welcome() {
  try {
    const [models, { examples }] = await Promise.all([json("v1/models"), json("v1/examples")]);
    const [model] = models.data;
    byId("model").textContent = model ? model.id : "";
    form.offer(examples);
  } catch (error) {
    if (error.status === 401) showKey();
  }
}
