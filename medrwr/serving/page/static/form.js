// What is asked: question, options, query; examples to begin with.

import { byId, el, fill } from "./dom.js";
import { letterOf } from "./words.js";

const FEWEST = 2;
const MOST = 10;

/** The question form. `picture` holds the scan. */
export class Form {
  constructor(picture) {
    this.picture = picture;
    byId("add-option").addEventListener("click", () => {
      this.#setOptions([...this.#options(), ""]);
      this.#inputs().at(-1).focus();
    });
    this.#setOptions(["", "", "", ""]);
  }

  /** The request's body, or null: what is missing is said beside its field, and the first such field has the focus. */
  read() {
    const question = byId("question").value.trim();
    const options = this.#options().map((text) => text.trim());
    const given = options.filter(Boolean);
    const repeated = new Set(given.map((text) => text.toLowerCase())).size < given.length;
    const faults = [
      [byId("question"), "question-problem", question ? "" : "Type a question."],
      [
        this.#inputs()[options.indexOf("")] || this.#inputs()[0],
        "options-problem",
        given.length < FEWEST ? "Give at least two possible answers." : repeated ? "Two answers are the same." : "",
      ],
    ];
    for (const [field, place, message] of faults) {
      byId(place).textContent = message;
      field.setAttribute("aria-invalid", String(Boolean(message)));
    }
    const first = faults.find(([, , message]) => message);
    if (first) {
      first[0].focus();
      return null;
    }
    this.#setOptions(given);
    const query = byId("query").value.trim();
    return { question, options: given, images: this.picture.image ? [this.picture.image] : [], ...(query && { query }) };
  }

  /** Put a question into the form. */
  write({ question, options, image = null, name = "example", query = "" }) {
    byId("question").value = question;
    byId("query").value = query;
    this.#setOptions(options);
    for (const place of ["question-problem", "options-problem"]) byId(place).textContent = "";
    byId("question").removeAttribute("aria-invalid");
    if (image) this.picture.show(image, name);
    else if (this.picture.image) this.picture.remove();
  }

  /** Offer examples: [{question, options, image?}]. */
  offer(examples) {
    byId("examples").hidden = examples.length === 0;
    fill(
      byId("examples-list"),
      examples.map((example, index) =>
        el("li", {}, exampleButton(example, () => {
          this.write({ ...example, name: `Example ${index + 1}` });
          byId("ask").focus();
        })),
      ),
    );
  }

  #inputs() {
    return [...byId("options").querySelectorAll("input")];
  }

  #options() {
    return this.#inputs().map((input) => input.value);
  }

  #setOptions(texts) {
    fill(byId("options"), texts.map((text, index) => this.#option(text, index, texts.length)));
    byId("add-option").hidden = texts.length >= MOST;
  }

  #option(text, index, count) {
    const letter = letterOf(index);
    const input = el("input", { type: "text", value: text, autocomplete: "off", "aria-label": `Answer ${letter}` });
    const remove = el("button", { type: "button", className: "plain remove", "aria-label": `Remove answer ${letter}` }, "×");
    remove.addEventListener("click", () => {
      this.#setOptions(this.#options().filter((_, at) => at !== index));
      this.#inputs()[Math.max(0, index - 1)].focus();
    });
    return el("li", {}, el("span", { "aria-hidden": "true" }, letter), input, count > FEWEST ? remove : null);
  }
}

function exampleButton(example, choose) {
  const picture = example.image
    ? el("img", { src: example.image, alt: "", loading: "lazy" })
    : el("span", { className: "text-only", "aria-hidden": "true" }, "Aa");
  const button = el("button", { type: "button", title: example.question }, picture, el("span", {}, example.question));
  button.addEventListener("click", choose);
  return button;
}
