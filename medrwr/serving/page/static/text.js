// A reply as plain text.

import { letterOf, meaning, percent } from "./words.js";

export function asText(reply) {
  const lines = [reply.question, ...reply.options.map((option, index) => `  ${letterOf(index)}. ${option}`), ""];
  for (const turn of reply.trajectory) {
    if (turn.think) lines.push(`think: ${turn.think}`);
    if (turn.query) lines.push(`query: ${turn.query}`);
    (turn.passages || []).forEach((passage, index) =>
      lines.push(`  [${index + 1}] ${passage.title} (${passage.source}, ${passage.id}): ${passage.text}`),
    );
  }
  for (const one of reply.similar_cases) lines.push(`similar case: ${one.caption} (${one.case_id})`);
  lines.push(reply.letter ? `answer: ${reply.letter}. ${reply.answer}` : "answer: none could be read");
  if (reply.letter) lines.push(`confidence: ${percent(reply.confidence)}. ${meaning(reply)}`);
  if (reply.abstained) lines.push("The model abstains.");
  if (reply.model) lines.push(`model: ${reply.model.name} version ${reply.model.version}, request ${reply.id}`);
  return [...lines, "Research use only; no medical advice."].join("\n");
}
