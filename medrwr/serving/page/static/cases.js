// Similar cases beside the scan; one of them large, beside it.

import { byId, el, fill } from "./dom.js";

/** The section of similar cases, or what to say in its place. */
export function drawCases(reply, scan) {
  const cases = reply.similar_cases;
  if (!cases.length) {
    const why = scan
      ? "No similar cases: the model was sure enough without them."
      : "No similar cases: they are looked up for questions with a scan.";
    return el("p", { className: "quiet no-cases" }, why);
  }
  const own = scan ? [figure(scan, "Your scan", "", "own")] : [];
  const found = cases.map((one) => caseFigure(one, scan));
  return el(
    "section",
    { "aria-labelledby": "cases-title" },
    el("h3", { id: "cases-title" }, "Similar cases"),
    el("div", { className: "cases" }, own, found),
  );
}

export function listenToViewer() {
  byId("viewer-close").addEventListener("click", () => byId("viewer").close());
}

function caseFigure(one, scan) {
  const shown = figure(one.image, one.caption, `similarity ${one.score.toFixed(2)}`, "");
  const button = el("button", { type: "button", className: "plain enlarge" }, "Compare");
  button.setAttribute("aria-label", `Compare with ${one.caption}`);
  button.addEventListener("click", () => {
    const own = scan ? [figure(scan, "Your scan", "", "own")] : [];
    fill(byId("viewer-images"), own, figure(one.image, one.caption, `${one.case_id} · similarity ${one.score.toFixed(3)}`, ""));
    byId("viewer").showModal();
  });
  shown.querySelector("figcaption").append(button);
  return shown;
}

function figure(image, caption, note, className) {
  const picture = image
    ? el("img", { src: image, alt: className === "own" ? "Your scan" : `Similar case: ${caption}` })
    : el("p", { className: "missing" }, "The image is not here.");
  return el(
    "figure",
    { className },
    picture,
    el("figcaption", {}, el("span", {}, caption), note ? el("span", { className: "quiet" }, note) : null),
  );
}
