// What numbers and queries mean, in words.

const LETTERS = "ABCDEFGHIJ";
const STOP = new Set(
  ("a about an and are as at be been by can do does for from had has have how in is it its no not of on or that the " +
    "their there these they this to was were what when where which who why with").split(" "),
);

export const letterOf = (index) => LETTERS[index];

export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 1) return "<1%";
  if (value < 100 && value > 99) return ">99%";
  return `${Math.round(value)}%`;
}

/** The stem that two forms of a word share: enough for plurals and -ed, -ing. */
export function stem(word) {
  const lower = word.toLowerCase();
  if (lower.length > 5) return lower.replace(/(ations?|ated?|ing|ies|ied|es|ed|ly|s|y|e)$/, "");
  return lower.length > 3 ? lower.replace(/s$/, "") : lower;
}

/** The stems of the words that a query looks for. */
export function stemsOf(query) {
  const words = (query || "").match(/[\p{L}\p{N}]+/gu) || [];
  return new Set(words.filter((word) => word.length > 2 && !STOP.has(word.toLowerCase())).map(stem));
}

/** A text in pieces {text, hit}: hit where a word has one of the stems. */
export function pieces(text, stems) {
  const found = [];
  for (const [part] of text.matchAll(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu)) {
    const hit = /^[\p{L}\p{N}]/u.test(part) && stems.has(stem(part));
    const last = found.at(-1);
    if (last && last.hit === hit) last.text += part;
    else if (last && !hit && last.hit) found.push({ text: part, hit });
    else found.push({ text: part, hit });
  }
  return found;
}

/** One word for a confidence. */
export function sureness(confidence, options) {
  if (confidence < 1.5 / options) return "little more than a guess";
  if (confidence < 0.6) return "unsure";
  if (confidence < 0.8) return "fairly sure";
  return confidence < 0.95 ? "sure" : "very sure";
}

/** What the confidence says, and what it does not. */
export function meaning(reply) {
  const share = Math.round(100 * reply.confidence);
  if (!reply.calibrated) {
    return (
      "Not calibrated: use it to compare options, not as a chance of being right. " +
      "(Calibration was fitted on questions with an image.)"
    );
  }
  return (
    `Calibrated: of 100 answers given with this confidence, about ${share} are right, on questions like those ` +
    "that the calibration was fitted on. A scan of another kind can be further off."
  );
}

export function stopped(reason) {
  const known = {
    answered: "The model ended by itself.",
    forced: "It had used up its look-ups, so the answer was asked for.",
    malformed: "It broke its own format, so the episode was ended.",
    length: "It ran out of room.",
    eos: "It stopped without an answer.",
    retriever: "The knowledge base could not be asked.",
  };
  return known[reason] || (reason ? `It ended: ${reason}.` : "");
}
