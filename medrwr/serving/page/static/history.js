// What was asked in this tab: kept in memory alone.

import { byId, el, fill } from "./dom.js";
import { percent } from "./words.js";

export class History {
  #entries = [];

  constructor(show) {
    this.show = show;
  }

  /** `entry`: {reply, image}; the newest comes first. */
  add(entry) {
    this.#entries.unshift(entry);
    byId("history").hidden = false;
    fill(byId("history-list"), this.#entries.map((one) => el("li", {}, this.#button(one))));
  }

  #button({ reply, image }) {
    const verdict = reply.letter ? `${reply.letter}. ${reply.answer}, ${percent(reply.confidence)}` : "no answer";
    const picture = image ? el("img", { src: image, alt: "" }) : el("span", { className: "text-only", "aria-hidden": "true" }, "Aa");
    const words = el("span", {}, el("b", {}, reply.question), el("small", {}, verdict));
    const button = el("button", { type: "button" }, picture, words);
    button.addEventListener("click", () => this.show({ reply, image }));
    return button;
  }
}
