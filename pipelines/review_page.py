"""The review page: one file without anything from elsewhere. Texts are set as text, never as HTML."""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Review of curated items</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:60rem;padding:0 1rem;color:#1d2733;background:#fff}
#item{display:grid;grid-template-columns:minmax(12rem,20rem) 1fr;gap:1.5rem}#images img{width:100%;background:#000}
h2{font-size:1.1rem;margin:.2rem 0}li.right{font-weight:600}li.right::after{content:" (right)"}
button{font:inherit;padding:.3rem .9rem}textarea,input[type=text]{width:100%;font:inherit;box-sizing:border-box}
#newoptions div{display:flex;gap:.5rem;margin:.3rem 0}
#verdict{font-weight:600}.bad{color:#a30f1f}kbd{border:1px solid #8793a1;border-radius:3px;padding:0 .3rem}
@media(max-width:600px){#item{grid-template-columns:1fr}}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#dde4ec}.bad{color:#ff8f9a}}
</style></head><body><main>
<h1>Review</h1><p id="state" role="status"></p>
<p><kbd>a</kbd> accept <kbd>r</kbd> reject <kbd>e</kbd> edit <kbd>j</kbd> next <kbd>k</kbd> previous;
while editing <kbd>Ctrl</kbd>+<kbd>Enter</kbd> saves, <kbd>Esc</kbd> leaves</p>
<div id="item"><div id="images"></div><div>
<div id="read"><h2 id="text"></h2><ol id="options" type="A"></ol><p id="explanation"></p>
<p>Decision: <span id="verdict"></span></p>
<button id="accept">Accept</button> <button id="reject">Reject</button> <button id="edit">Edit</button></div>
<form id="form" hidden><label>Question<textarea id="newtext" rows="4"></textarea></label>
<fieldset><legend>Options, the right one marked</legend><div id="newoptions"></div></fieldset>
<button>Save</button> <button type="button" id="leave">Leave</button></form>
<p id="trouble" class="bad" role="alert"></p></div></div></main>
<script>
"use strict";
const $ = id => document.getElementById(id);
let items = [], at = 0;
function make(tag, values, ...inside) {
  const one = Object.assign(document.createElement(tag), values); one.append(...inside); return one;
}
function show() {
  const one = items[at], done = items.filter(item => item.verdict).length;
  $("state").textContent = `Item ${at + 1} of ${items.length}, ${done} decided: ${one.question_id}`;
  $("text").textContent = one.text; $("explanation").textContent = one.explanation;
  $("verdict").textContent = one.verdict || "none yet"; $("trouble").textContent = "";
  $("options").replaceChildren(...one.options.map((text, n) =>
    make("li", {textContent: text, className: n === one.answer ? "right" : ""})));
  $("images").replaceChildren(...Array.from({length: one.images}, (_, n) =>
    make("img", {src: `/image/${one.item}/${n}`, alt: `Image ${n + 1} of the item`})));
  $("form").hidden = true; $("read").hidden = false;
}
function move(by) { at = Math.min(items.length - 1, Math.max(0, at + by)); show(); }
function edit() {
  const one = items[at];
  $("newtext").value = one.text;
  $("newoptions").replaceChildren(...one.options.map((text, n) => make("div", {},
    make("input", {type: "radio", name: "right", checked: n === one.answer, ariaLabel: `Option ${n + 1} is right`}),
    make("input", {type: "text", value: text, ariaLabel: `Option ${n + 1}`}))));
  $("read").hidden = true; $("form").hidden = false; $("newtext").focus();
}
async function decide(said) {
  const reply = await fetch(`/decisions/${items[at].item}`,
    {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(said)});
  const told = await reply.json();
  if (!reply.ok) { $("trouble").textContent = typeof told.detail === "string" ? told.detail : "not stored"; return; }
  items[at] = told; move(1);
}
function save() {
  const rows = [...$("newoptions").children];
  decide({verdict: "edit", text: $("newtext").value, options: rows.map(row => row.children[1].value),
    answer: rows.findIndex(row => row.children[0].checked)});
}
$("accept").onclick = () => decide({verdict: "accept"}); $("reject").onclick = () => decide({verdict: "reject"});
$("edit").onclick = edit; $("leave").onclick = show;
$("form").onsubmit = event => { event.preventDefault(); save(); };
document.addEventListener("keydown", event => {
  if (!items.length) return;
  if (!$("form").hidden) {
    if (event.key === "Escape") show();
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); save(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const what = {a: () => decide({verdict: "accept"}), r: () => decide({verdict: "reject"}), e: edit,
    j: () => move(1), k: () => move(-1)}[event.key];
  if (what) { event.preventDefault(); what(); }
});
fetch("/items").then(reply => reply.json()).then(told => {
  items = told; at = Math.max(0, items.findIndex(item => !item.verdict)); show();
});
</script></body></html>
"""
