// The server: requests, its errors, and server-sent events.

/** An error with what to do about it; `status` 0: the server could not be reached. */
export class ApiError extends Error {
  constructor(status, code, message, remedy = "", retryAfter = null) {
    super(message);
    Object.assign(this, { status, code, remedy, retryAfter });
  }
}

let key = "";

export function useKey(value) {
  key = value.trim();
}

/** Ask for JSON. */
export async function json(path, body = null, signal = undefined) {
  const response = await request(path, body, "application/json", signal);
  return response.json();
}

/** Ask, and yield {event, data} as they come. */
export async function* events(path, body, signal) {
  const response = await request(path, body, "text/event-stream", signal);
  if (!(response.headers.get("content-type") || "").startsWith("text/event-stream")) {
    yield { event: "answer", data: await response.json() };
    return;
  }
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield* parser.feed(value);
  }
}

/** Server-sent events from pieces of text, cut anywhere. */
export class EventParser {
  #rest = "";

  *feed(text) {
    this.#rest = (this.#rest + text).replace(/\r\n/g, "\n");
    for (let end = this.#rest.indexOf("\n\n"); end >= 0; end = this.#rest.indexOf("\n\n")) {
      const block = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      const found = parse(block);
      if (found) yield found;
    }
  }
}

function parse(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, name, value] = line.match(/^(\w+):? ?(.*)$/) || [];
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }
  if (!data.length || data[0] === "[DONE]") return null;
  return { event, data: JSON.parse(data.join("\n")) };
}

async function request(path, body, accept, signal) {
  const headers = { Accept: accept };
  if (body !== null) headers["Content-Type"] = "application/json";
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    const method = body === null ? "GET" : "POST";
    response = await fetch(path, { method, headers, signal, body: body === null ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server cannot be reached.", "Is `medrwr serve` running?");
  }
  if (response.ok) return response;
  throw await errorOf(response);
}

async function errorOf(response) {
  const wait = response.headers.get("retry-after");
  try {
    const { error } = await response.json();
    return new ApiError(response.status, error.code, error.message, error.remedy || "", wait);
  } catch {
    return new ApiError(response.status, "http", `The server answered ${response.status}.`, "", wait);
  }
}
