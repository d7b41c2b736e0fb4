// Verdicts and comments by keyboard. The forms work by themselves; a key does what a
// click would do, in the row that the player calls the current one.
const TYPING =
  "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio])";

const all = (selector) => [...document.querySelectorAll(selector)];
const rows = () => all("[data-utterance]");
const say = (text) =>
  document.dispatchEvent(new CustomEvent("app:announce", { detail: text }));

// The row that the keys act on; where there is but one, it need not be chosen.
function current() {
  const [first, second] = rows();
  return document.querySelector("[data-utterance].current") ?? (second ? null : first);
}

function goTo(row) {
  row.focus({ preventScroll: true }); // which makes it the current one
  row.scrollIntoView({ block: "nearest" });
}

function judge(row, key) {
  const button = row.querySelector(`[data-verdict="${key}"]`);
  if (!button) return;
  const isTakenBack = button.ariaPressed === "true";
  button.click();
  say(button.textContent + (isTakenBack ? ": taken back" : ""));
}

function write(row) {
  const box = row.querySelector("[data-comment]");
  if (!box) return;
  box.open = true;
  box.querySelector("textarea").focus();
}

// Back to the row; what was typed stays, and is in sight.
function leave(box) {
  if (!box.querySelector("textarea").value.trim()) box.open = false;
  box.closest("[data-utterance]").focus({ preventScroll: true });
}

const isOpen = (row) => !row.querySelector("[data-judged]");

// The next one on this page, or the first of all that the list still has.
function nextWithoutVerdict(row) {
  const list = rows();
  const next = list.slice(list.indexOf(row) + 1).find(isOpen);
  if (next) return goTo(next);
  const link = document.querySelector("[data-unreviewed]");
  if (!link) return say("Last utterance");
  const isHere = link.href === location.href.split("#")[0];
  location.href = `${link.href}#first`;
  if (isHere) location.reload();
}

const KEYS = {
  c: write,
  e: (row) => row.querySelector("[data-edit-reference]")?.click(),
  1: (row) => judge(row, 1),
  2: (row) => judge(row, 2),
  3: (row) => judge(row, 3),
  4: (row) => judge(row, 4),
};

const isSent = (e) => e.key === "Enter" && (e.ctrlKey || e.metaKey);

function inComment(e, text) {
  if (e.key === "Escape") leave(text.closest("[data-comment]"));
  else if (isSent(e)) text.form.requestSubmit();
}

function inReference(e, text) {
  if (e.key === "Escape") text.form.querySelector("[data-cancel]").click();
  else if (isSent(e)) text.form.requestSubmit();
}

document.addEventListener("keydown", (e) => {
  if (e.isComposing || e.altKey) return;
  if (e.target.matches("[data-comment] textarea")) return inComment(e, e.target);
  if (e.target.matches("form.reference textarea")) return inReference(e, e.target);
  if (e.ctrlKey || e.metaKey || e.target.closest(`${TYPING}, dialog`)) return;
  if (e.key === "u") return nextWithoutVerdict(current());
  const deed = KEYS[e.key];
  if (!deed) return;
  const row = current();
  if (!row) return say("Choose an utterance first, with j");
  e.preventDefault();
  deed(row);
});

// Back to the row when its reference is saved, or left as it was.
document.addEventListener("htmx:afterSettle", (e) => {
  if (e.target.matches("div.reference:has([autofocus]:focus)"))
    e.target.closest("[data-utterance]").focus({ preventScroll: true });
});

// What is typed while a comment is on its way would be lost when it has arrived.
const formOf = (e) => e.target.closest?.("[data-comment] form");

document.addEventListener("htmx:beforeRequest", (e) => {
  const form = formOf(e);
  if (form) form.elements.text.readOnly = true;
});

document.addEventListener("htmx:afterRequest", (e) => {
  const form = formOf(e);
  if (!form) return;
  form.elements.text.readOnly = false;
  if (e.detail.xhr.status !== 200) return;
  const hasFocus = form.contains(document.activeElement);
  form.reset();
  form.querySelector("[data-errors]").replaceChildren();
  const box = form.closest("[data-comment]");
  if (hasFocus) leave(box);
  else box.open = false;
});
