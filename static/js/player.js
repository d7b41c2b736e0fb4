// The reviewer's rows: one audio element for all of them, every key and click
// delegated from the document, so that swapped rows need no wiring.
const PRE_ROLL_SECONDS = 0.3;
const SKIP_SECONDS = 2;
const root = document.documentElement;
const audio = new Audio();
audio.preload = "metadata";

let current = null; // the row that the keys act on
let loaded = null; // the row whose audio is in the element
let error = null; // the mark that n and N start from
let cursor = null; // the moving part of the loaded row's waveform
let lines = []; // the loaded row's timed words, by line, in order of time
let frame = 0;
let speed = Number(choice("speed")) || 1;

const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const rows = () => all("[data-utterance]");
const seconds = (row) => Number(row.dataset.seconds) || audio.duration || 0;
const say = (text) =>
  document.dispatchEvent(new CustomEvent("app:announce", { detail: text }));

// Read a choice, or keep it when there is a value; "" forgets it.
function choice(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    else if (value === "") localStorage.removeItem(key);
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off: the choice holds for this page
  }
}

function play(row, from) {
  makeCurrent(row);
  if (loaded !== row) load(row);
  if (from !== undefined) audio.currentTime = Math.max(0, from);
  else if (audio.ended) audio.currentTime = 0;
  audio.playbackRate = speed;
  audio.play().catch((e) => {
    if (e.name !== "AbortError") fail();
  });
}

function load(row) {
  unload();
  loaded = row;
  audio.src = row.dataset.audio;
  setState("loading");
  bind(row);
}

function unload() {
  audio.pause();
  if (!loaded) return;
  draw(0);
  light(-1);
  cursor?.remove();
  setState("paused");
  loaded = null;
}

// Find the parts of a row that move while it plays.
function bind(row) {
  lines = all(".line", row).map((line) =>
    all("[data-start]", line)
      .map((word) => ({
        word,
        start: Number(word.dataset.start),
        end: Number(word.dataset.end),
      }))
      .sort((a, b) => a.start - b.start),
  );
  cursor = makeCursor(row.querySelector("[data-waveform]"));
}

function makeCursor(waveform) {
  if (!waveform) return null;
  const { height } = waveform.viewBox.baseVal;
  const group = document.createElementNS("http://www.w3.org/2000/svg", "g");
  group.innerHTML =
    `<rect class="played" height="${height}"/><line class="cursor" y2="${height}"/>`;
  waveform.append(group);
  return group;
}

function moveCursor(share) {
  if (!cursor) return;
  const [played, line] = cursor.children;
  const x = cursor.ownerSVGElement.viewBox.baseVal.width * share;
  played.setAttribute("width", x);
  line.setAttribute("x1", x);
  line.setAttribute("x2", x);
}

function toggle(row) {
  const target = row ?? current ?? rows()[0];
  if (!target) return;
  if (target === loaded && !audio.paused) audio.pause();
  else play(target);
}

function seek(row, by) {
  if (row === loaded) audio.currentTime = Math.max(0, audio.currentTime + by);
  draw();
}

function fail() {
  if (!loaded) return;
  setState("error");
  const detail = { text: `The audio of ${nameOf(loaded)} cannot be played.` };
  document.dispatchEvent(new CustomEvent("app:toast", { detail }));
}

function tick() {
  draw();
  frame = audio.paused ? 0 : requestAnimationFrame(tick);
}

function draw(now = audio.currentTime) {
  if (!loaded) return;
  light(now);
  moveCursor(Math.min(1, now / (seconds(loaded) || 1)));
  const time = loaded.querySelector("[data-time]");
  if (time) time.textContent = clock(now);
}

function light(now) {
  for (const line of lines) {
    const at = lastBefore(line, now);
    const lit = at && now < Math.max(at.end, at.start + 0.1) ? at : null;
    if (lit === line.lit) continue;
    line.lit?.word.classList.remove("lit");
    lit?.word.classList.add("lit");
    line.lit = lit;
  }
}

// The last word that starts at or before `now`, by halving.
function lastBefore(line, now) {
  let low = 0;
  let high = line.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line[middle].start <= now) low = middle + 1;
    else high = middle;
  }
  return line[low - 1] ?? null;
}

function clock(value) {
  if (value < 60) return value.toFixed(1);
  return new Date(value * 1000).toISOString().slice(value < 3600 ? 14 : 11, 19);
}

const nameOf = (row) => row.querySelector(".utterance-name")?.textContent.trim() ?? "";

function setState(state) {
  if (!loaded) return;
  loaded.dataset.state = state;
  const verb = state === "playing" ? "Pause" : "Play";
  const button = loaded.querySelector("[data-play]");
  button?.setAttribute("aria-label", `${verb} ${nameOf(loaded)}`);
}

function makeCurrent(row) {
  if (row === current) return;
  current?.classList.remove("current");
  current?.removeAttribute("aria-current");
  current = row;
  row.classList.add("current");
  row.setAttribute("aria-current", "true");
}

function goTo(row) {
  makeCurrent(row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const list = rows();
  const next = current ? list[list.indexOf(current) + by] : list[0];
  if (!next) return turn(by);
  audio.pause();
  goTo(next);
}

// To the next or the previous page of the list: see `arrive`.
function turn(by) {
  const link = document.querySelector(`.pagination a[rel=${by > 0 ? "next" : "prev"}]`);
  if (link) location.href = `${link.href}#${by > 0 ? "first" : "last"}`;
  else say(by > 0 ? "Last utterance" : "First utterance");
}

// An address may name a row: by its place on the page, or by its id.
function arrive() {
  const name = location.hash.slice(1);
  const row = { first: rows()[0], last: rows().at(-1) }[name];
  const target = row ?? document.getElementById(name);
  if (target?.matches("[data-utterance]")) goTo(target);
}

const isShown = (mark) =>
  !["sub", "ins", "del"].some(
    (kind) => mark.classList.contains(kind) && root.classList.contains(`hide-${kind}`),
  );

function stepError(by) {
  const marks = all("[data-utterance] [data-error]").filter(isShown);
  const from = error?.isConnected && current?.contains(error) ? error : current;
  const next = marks[by > 0 ? "find" : "findLast"]((mark) =>
    by > 0 ? !from || follows(mark, from) : from && follows(from, mark),
  );
  if (!next) return say(by > 0 ? "No more errors on this page" : "No error before");
  point(next);
}

// The next word of the line that the last step was in: its first model's at first.
function stepWord(by) {
  const row = current ?? rows()[0];
  if (!row) return;
  const from = error?.isConnected && row.contains(error) ? error : null;
  const line = from?.closest(".line") ?? row.querySelector("[data-model]");
  const words = all("[data-start]", line ?? row);
  const next = from ? words[words.indexOf(from) + by] : words[0];
  if (!next) return say(by > 0 ? "Last word" : "First word");
  point(next);
}

// Mark a word or an error as the one to go on from, and play it.
function point(mark) {
  error?.classList.remove("at");
  error = mark;
  error.classList.add("at");
  const row = error.closest("[data-utterance]");
  goTo(row);
  say(error.textContent);
  playWord(row, error);
}

const follows = (a, b) =>
  b.compareDocumentPosition(a) & Node.DOCUMENT_POSITION_FOLLOWING;

function playWord(row, word) {
  if (word.dataset.start) play(row, Number(word.dataset.start) - PRE_ROLL_SECONDS);
}

function setSpeed(value) {
  speed = value;
  choice("speed", String(value));
  audio.playbackRate = value;
  showChoices();
  say(`Speed ${value}`);
}

function stepSpeed(by) {
  const options = all("[data-speed] option").map((option) => Number(option.value));
  const next = options[options.indexOf(speed) + by];
  if (next) setSpeed(next);
}

function toggleLoop() {
  audio.loop = !audio.loop;
  showChoices();
  say(audio.loop ? "Loop on" : "Loop off");
}

function toggleMarks(kind) {
  const isHidden = root.classList.toggle(`hide-${kind}`);
  choice(`hide-${kind}`, isHidden ? "1" : "");
  showChoices();
}

function showChoices() {
  for (const select of all("[data-speed]")) select.value = speed;
  for (const button of all("[data-loop]")) button.ariaPressed = audio.loop;
  for (const box of all("[data-toggle]")) {
    box.checked = !root.classList.contains(`hide-${box.dataset.toggle}`);
  }
}

audio.addEventListener("playing", () => {
  setState("playing");
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(tick);
});
audio.addEventListener("pause", () => {
  if (!audio.paused) return; // another row plays by now
  setState("paused");
  draw();
});
audio.addEventListener("waiting", () => !audio.paused && setState("loading"));
audio.addEventListener("seeked", () => draw());
audio.addEventListener("error", fail);

document.addEventListener("click", (e) => {
  if (e.target.closest("[data-loop]")) return toggleLoop();
  const row = e.target.closest("[data-utterance]");
  if (!row) return;
  const waveform = e.target.closest("[data-waveform]");
  const word = e.target.closest("[data-start]");
  if (e.target.closest("[data-play]")) toggle(row);
  else if (waveform) playFromClick(row, waveform, e.clientX);
  else if (word && getSelection().isCollapsed) playWord(row, word);
  else if (!e.target.closest("a, button, input, select, label")) makeCurrent(row);
});

function playFromClick(row, waveform, x) {
  const box = waveform.getBoundingClientRect();
  play(row, ((x - box.left) / box.width) * seconds(row));
}

document.addEventListener("change", (e) => {
  if (e.target.matches("[data-toggle]")) toggleMarks(e.target.dataset.toggle);
  if (e.target.matches("[data-speed]")) setSpeed(Number(e.target.value));
});

document.addEventListener("focusin", (e) => {
  const row = e.target.closest("[data-utterance]");
  if (row) makeCurrent(row);
});

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  n: () => stepError(1),
  N: () => stepError(-1),
  w: () => stepWord(1),
  b: () => stepWord(-1),
  l: toggleLoop,
  s: () => toggleMarks("sub"),
  i: () => toggleMarks("ins"),
  d: () => toggleMarks("del"),
  "[": () => stepSpeed(-1),
  "]": () => stepSpeed(1),
  "/": () => document.querySelector("[data-search]")?.focus(),
  "?": () => document.getElementById("keyboard")?.showModal(),
};
// These mean something else where a control has the focus.
const ROW_KEYS = {
  " ": () => toggle(),
  ArrowLeft: () => seek(current, -SKIP_SECONDS),
  ArrowRight: () => seek(current, SKIP_SECONDS),
};
const TYPING =
  "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio])";

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing) return;
  if (e.target.closest(`${TYPING}, dialog`) || !rows().length) return;
  const isOnControl = e.target.closest("a, button, summary, input, audio, [role=region]");
  const act = KEYS[e.key] ?? (isOnControl ? null : ROW_KEYS[e.key]);
  if (!act) return;
  e.preventDefault();
  act();
});

// A swap takes the rows away, or brings the same ones again.
document.addEventListener("htmx:afterSettle", () => {
  if (current && !current.isConnected) {
    const row = again(current);
    current = null;
    if (row) makeCurrent(row);
  }
  if (loaded && !loaded.isConnected) rejoin(again(loaded));
  showChoices();
});

function again(row) {
  const found = document.getElementById(row.id);
  return found?.dataset.audio === row.dataset.audio ? found : null;
}

function rejoin(row) {
  if (!row) return unload();
  const { state } = loaded.dataset;
  loaded = row;
  setState(state);
  bind(row);
  draw();
}

showChoices();
arrive();
