// The page where a recording is written down. Texts are saved by themselves; what is
// not saved yet is kept in the browser, so that no lost connection, closed tab or
// faster colleague costs a word.
const SAVE_AFTER_MS = 600;
const TRY_AGAIN_MS = 3000;
const NEWS_MS = 5000;
const NEWS_SOON_MS = 1500;
const PATIENCE_MS = 20000;
const SKIP_SECONDS = 2;
const NUDGE_SECONDS = 0.1;
const INSIDE_SECONDS = 0.1;
const LEAST_BORDER_PX = 3;

const desk = document.getElementById("desk");
const list = desk.querySelector("[data-segments]");
const status = desk.querySelector("[data-status]");
const keep = `editor:${desk.dataset.recording}:`;
const total = Number(desk.dataset.seconds);

let known = JSON.parse(document.getElementById("news").textContent);
let entries = new Map(); // by segment: what the server has, and what is on its way
let queue = Promise.resolve(); // deeds take turns
const away = new Map(); // by segment: what is not saved and lies in a part not shown
let isSliding = false;

const rows = () => [...list.querySelectorAll("[data-segment]")];
const rowOf = (id) => document.getElementById(`s-${id}`);
const boxOf = (row) => row?.querySelector("textarea[data-text]") ?? null;
const idOf = (row) => Number(row.dataset.segment);
const start = (row) => Number(row.dataset.start);
const end = (row) => Number(row.dataset.end);
// What is shown of a long recording, and which segments there are beside it.
const span = () => (rows().length ? { from: start(rows()[0]), to: end(rows().at(-1)) } : {});
const placeOf = (id) => known.places.findIndex(([key]) => key === id);
const isMore = (id, by) => Boolean(known.places[placeOf(id) + by]);
const clean = (text) => text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/gu, " ").trim();
const say = (text) =>
  document.dispatchEvent(new CustomEvent("app:announce", { detail: text }));
const toast = (text, level) =>
  document.dispatchEvent(new CustomEvent("app:toast", { detail: { text, level } }));

// What is typed and not stored: in the browser's own storage.
const notes = {
  put(id, note) {
    try {
      localStorage.setItem(keep + id, JSON.stringify(note));
    } catch {
      // storage is full or switched off: the text is still in the page
    }
  },
  drop(id) {
    try {
      localStorage.removeItem(keep + id);
    } catch {
      // there was none
    }
  },
  all() {
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(keep));
      return names.map((name) => [
        Number(name.slice(keep.length)),
        JSON.parse(localStorage.getItem(name)),
      ]);
    } catch {
      return [];
    }
  },
};

// Sending

class Problem extends Error {
  constructor(message, { code = 0, answer = null, passes = false } = {}) {
    super(message);
    this.code = code;
    this.answer = answer;
    this.passes = passes; // worth another try by itself
  }
}

async function ask(url, options = {}) {
  let response;
  try {
    // What hangs must not hold up what comes after it.
    const signal = AbortSignal.timeout(PATIENCE_MS);
    response = await fetch(url, { credentials: "same-origin", signal, ...options });
  } catch {
    throw new Problem("no connection; it is tried again", { passes: true });
  }
  const isJson = response.headers.get("content-type")?.includes("json");
  const answer = isJson ? await response.json() : null;
  if (response.ok && answer) return answer;
  if (response.redirected || response.status === 403) {
    throw new Problem("you are signed out, or may no longer write here. Sign in again in another tab; nothing typed is lost", { code: 403 });
  }
  if (answer) throw new Problem(answer.error, { code: response.status, answer });
  const passes = response.status >= 500;
  const message = `the server could not do it (error ${response.status})`;
  throw new Problem(message, { code: response.status, passes });
}

function post(deed, data) {
  const body = new URLSearchParams({
    since: known.revision,
    structure: known.structure,
    ...span(),
  });
  for (const [name, value] of Object.entries(data)) {
    if (value !== null && value !== undefined) body.set(name, value);
  }
  const url = desk.dataset.deeds.replace("/deed/", `/${deed}/`);
  const headers = { "X-CSRFToken": known.token };
  return ask(url, { method: "POST", headers, body, keepalive: body.toString().length < 60000 });
}

// One deed after the other: each is made of what the one before has left.
function turn(work) {
  const done = queue.then(work);
  queue = done.catch(() => {});
  return done;
}

async function act(deed, data) {
  await flush();
  return turn(async () => {
    try {
      const answer = await post(deed, data());
      take(answer);
      return answer;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.answer?.revision) take(problem.answer);
      toast(problem.message[0].toUpperCase() + problem.message.slice(1));
      return null;
    }
  });
}

// Texts

const isDirty = (row) => {
  const box = boxOf(row);
  const entry = entries.get(idOf(row));
  return Boolean(box && entry) && clean(box.value) !== entry.text;
};

function register(row) {
  const box = boxOf(row);
  const text = box?.value ?? row.querySelector("[data-text]").textContent;
  const entry = { text: clean(text), version: Number(row.dataset.version) };
  entries.set(idOf(row), entry);
  return entry;
}

function schedule(row, wait = SAVE_AFTER_MS) {
  const entry = entries.get(idOf(row));
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => save(idOf(row)), wait);
}

function save(id) {
  clearTimeout(entries.get(id)?.timer);
  return turn(() => store(id));
}

async function store(id) {
  const row = rowOf(id);
  const entry = entries.get(id);
  if (!row || !entry || entry.theirs || !isDirty(row)) return;
  const text = boxOf(row).value;
  mark(row, "saving");
  try {
    const answer = await post("write", { segment: id, version: entry.version, text });
    const mine = answer.segments.find((segment) => segment.id === id);
    entry.version = mine?.version ?? entry.version;
    entry.text = mine?.text ?? clean(text);
    notes.drop(id);
    mark(row, "saved");
    take(answer);
    if (rowOf(id) && isDirty(rowOf(id))) schedule(rowOf(id));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.code === 409) return collide(id, problem.answer);
    mark(row, "failed", problem.message);
    if (problem.passes) schedule(row, TRY_AGAIN_MS);
  }
}

// Save all that is typed; true when nothing is left.
async function flush() {
  await Promise.all(rows().filter(isDirty).map((row) => save(idOf(row))));
  return !rows().some(isDirty);
}

function mark(row, state, why = "") {
  const note = row.querySelector("[data-save]");
  row.dataset.store = state;
  note.textContent = { typed: "", saving: "Saving …", saved: "Saved", failed: `Not saved: ${why}`, conflict: "Not saved: changed by somebody else" }[state];
  showStatus();
}

function showStatus() {
  if (!status) return;
  const open = rows().filter(isDirty);
  const bad = open.filter((row) => ["failed", "conflict"].includes(row.dataset.store));
  const failed = bad.length + away.size;
  const many = (number) => `${number} text${number === 1 ? "" : "s"}`;
  let text = "All saved";
  if (failed) text = `${many(failed)} not saved`;
  else if (open.length) text = "Saving …";
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("bad", failed > 0);
}

// Somebody else was faster: show both, and let the person choose.
function collide(id, answer) {
  const row = rowOf(id);
  const entry = entries.get(id);
  if (row && answer.theirs?.text === clean(boxOf(row).value)) {
    // The same words: mostly one's own, saved as the page before was left.
    entry.version = answer.theirs.version;
    entry.text = answer.theirs.text;
    notes.drop(id);
    mark(row, "saved");
  } else if (answer.theirs && row) {
    entry.theirs = answer.theirs;
    mark(row, "conflict");
    showConflict(row, answer.error);
  }
  take(answer);
}

function showConflict(row, who) {
  const { theirs } = entries.get(idOf(row));
  let box = row.querySelector(".conflict");
  if (!box) {
    row.append(document.getElementById("conflict").content.cloneNode(true));
    box = row.querySelector(".conflict");
  }
  const by = who ?? `${theirs.by || "A model"} has changed this segment meanwhile.`;
  box.querySelector("[data-conflict-who]").textContent = by;
  box.querySelector("[data-theirs]").textContent = theirs.text || "(no text)";
}

function resolve(row, isMine) {
  const entry = entries.get(idOf(row));
  const { theirs } = entry;
  entry.theirs = null;
  entry.version = theirs.version;
  entry.text = theirs.text;
  if (!isMine) {
    boxOf(row).value = theirs.text;
    notes.drop(idOf(row));
    mark(row, "saved");
  }
  row.querySelector(".conflict").remove();
  boxOf(row).focus();
  save(idOf(row));
}

function lose(text) {
  if (!clean(text)) return;
  const box = document.getElementById("lost").content.cloneNode(true);
  box.querySelector("[data-words]").textContent = text;
  box.querySelector("[data-copy]").dataset.copy = text;
  desk.querySelector("[data-lost]").append(box);
}

// News

function take(news) {
  if (news.revision < known.revision) return;
  known = { ...known, ...news, rows: undefined };
  if (news.rows !== undefined) renew(news.rows);
  else for (const segment of news.segments) update(segment);
  showKnown();
}

function update(segment) {
  const row = rowOf(segment.id);
  const entry = entries.get(segment.id);
  if (!row || !entry) return;
  row.querySelector("[data-trace]").textContent = segment.by && `${segment.by}, ${segment.at}`;
  row.querySelector("[data-draft]").hidden = !segment.is_draft;
  row.querySelector("[data-waiting]").hidden = !segment.is_waiting;
  if (segment.version <= entry.version) return;
  if (entry.theirs) {
    entry.theirs = segment;
    showConflict(row);
  } else if (!isDirty(row)) {
    entry.version = segment.version;
    entry.text = segment.text;
    showText(row, segment.text);
  }
}

function showText(row, text) {
  const box = boxOf(row);
  if (!box) row.querySelector("[data-text]").textContent = text;
  else if (clean(box.value) !== text) {
    const caret = box.selectionStart;
    box.value = text;
    if (document.activeElement === box) box.setSelectionRange(caret, caret);
  }
}

// Segments came, went or moved: show the new ones, with what is being typed.
function renew(html) {
  const typed = new Map();
  for (const row of rows()) {
    const entry = entries.get(idOf(row));
    clearTimeout(entry?.timer);
    if (isDirty(row)) typed.set(idOf(row), { text: boxOf(row).value, entry });
  }
  // What one looks at stays where it is.
  const anchor = current ?? rows().find((row) => row.getBoundingClientRect().bottom > 0);
  const top = anchor?.getBoundingClientRect().top;
  const focus = document.activeElement?.closest("[data-segment]");
  const box = focus && document.activeElement.matches("textarea") ? boxOf(focus) : null;
  const caret = box?.selectionStart;
  const focused = focus ? idOf(focus) : null;
  const currentId = current ? idOf(current) : null;
  const loadedId = loaded ? idOf(loaded) : null;
  list.innerHTML = html;
  entries = new Map();
  for (const row of rows()) register(row);
  for (const [id, { text, entry }] of typed) retype(id, text, entry);
  putBack();
  current = currentId && rowOf(currentId);
  loaded = loadedId && rowOf(loadedId);
  if (loadedId && !loaded) audio.pause();
  current?.classList.add("current");
  if (focused && rowOf(focused)) {
    const target = box ? boxOf(rowOf(focused)) : rowOf(focused);
    target?.focus({ preventScroll: true });
    if (box) target?.setSelectionRange(caret, caret);
  }
  bind();
  drawBorders();
  showStatus();
  const there = anchor && rowOf(idOf(anchor));
  if (there) scrollBy(0, there.getBoundingClientRect().top - top);
}

// What an earlier visit could not save, once its segment is shown.
function putBack() {
  for (const [id, note] of away) {
    if (!rowOf(id) && placeOf(id) >= 0) continue;
    away.delete(id);
    retype(id, note.text, { version: note.version });
  }
}

// Show the part of a long recording around a time. What is typed is saved first, and
// nothing can be typed meanwhile: false where it cannot be saved.
async function slide(at) {
  if (isSliding) return false;
  isSliding = true;
  const focused = document.activeElement;
  list.inert = true;
  try {
    if (!(await flush())) throw new Problem("save the texts of this part first: some could not be stored");
    await turn(async () => {
      const query = new URLSearchParams({ since: known.revision, structure: 0, at });
      take(await ask(`${desk.dataset.news}?${query}`));
    });
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    toast(`The other segments cannot be shown: ${problem.message}.`);
    return false;
  } finally {
    list.inert = false;
    isSliding = false;
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }
}

// The row before or after this one, wherever it is; null where there is none, or where
// it cannot be shown.
async function beside(row, by) {
  const id = idOf(row);
  const find = () => rows()[rows().findIndex((r) => idOf(r) === id) + by] ?? null;
  if (find() || !isMore(id, by)) return find();
  return (await slide(start(row))) && rowOf(id) ? find() : null;
}

// Put a text back that is not saved; its version says what it was made of.
function retype(id, text, { version, theirs = null }) {
  const row = rowOf(id);
  if (!row || !boxOf(row)) {
    notes.drop(id);
    return lose(text);
  }
  boxOf(row).value = text;
  const entry = entries.get(id);
  entry.version = version;
  entry.theirs = theirs;
  mark(row, theirs ? "conflict" : "typed");
  if (theirs) showConflict(row);
  else schedule(row);
}

function showKnown() {
  for (const [name, verb] of [["undo", "Undo"], ["redo", "Redo"]]) {
    const button = desk.querySelector(`[data-${name}]`);
    if (!button) continue;
    button.disabled = !known[name];
    button.title = known[name] ? `${verb} ${known[name]}` : "";
  }
  desk.querySelector("[data-done]")?.setAttribute("aria-pressed", known.is_done);
  const trouble = desk.querySelector("[data-trouble]");
  trouble.hidden = !known.trouble;
  trouble.querySelector("[data-trouble-text]").textContent = known.trouble;
  showStatus();
}

async function listen() {
  if (!document.hidden) {
    await turn(async () => {
      const { revision, structure } = known;
      const query = new URLSearchParams({ since: revision, structure, ...span() });
      take(await ask(`${desk.dataset.news}?${query}`));
      // It answers again: what could not be saved is tried once more.
      for (const row of rows()) if (row.dataset.store === "failed" && isDirty(row)) schedule(row);
    }).catch((problem) => {
      // It is asked again; who types is told by the text that cannot be saved.
      if (!(problem instanceof Problem)) throw problem;
    });
  }
  setTimeout(listen, known.is_ready ? NEWS_MS : NEWS_SOON_MS);
}

// Deeds

const versions = (row, next) => ({
  segment: idOf(row),
  version: entries.get(idOf(row)).version,
  next_version: next && entries.get(idOf(next)).version,
});

async function split(row) {
  const box = boxOf(row);
  const now = audio.currentTime;
  const inside = row === loaded && now > start(row) + INSIDE_SECONDS && now < end(row) - INSIDE_SECONDS;
  const id = idOf(row);
  const caret = box.dataset.caret ? Number(box.dataset.caret) : guess(row, inside ? now : null);
  const head = box.value.slice(0, caret);
  const tail = box.value.slice(caret);
  const answer = await act("split", () => ({
    ...versions(rowOf(id)),
    head,
    tail,
    at: inside ? now.toFixed(3) : null,
  }));
  const next = answer && rows()[rows().findIndex((r) => idOf(r) === id) + 1];
  if (next) write(next, 0);
}

// Where in the text this time is about spoken; nobody has put a caret there.
function guess(row, time) {
  const { value } = boxOf(row);
  const share = time === null ? 0.5 : (time - start(row)) / (end(row) - start(row));
  const place = value.indexOf(" ", Math.round(share * value.length));
  return place < 0 ? value.length : place;
}

async function merge(row) {
  const id = idOf(row);
  const length = boxOf(row).value.length;
  if (!isMore(id, 1)) return say("This is the last segment");
  if (!(await beside(row, 1))) return;
  const next = () => rows()[rows().findIndex((r) => idOf(r) === id) + 1];
  const answer = await act("merge", () => versions(rowOf(id), next()));
  if (answer) write(rowOf(id), length);
}

// Move the border at one edge of a segment.
async function move(row, edge, at) {
  const id = idOf(row);
  const other = await beside(row, edge === "end" ? 1 : -1);
  if (!other) return showEdges(rowOf(id));
  const ids = edge === "end" ? [id, idOf(other)] : [idOf(other), id];
  const answer = await act("move", () => ({ ...versions(...ids.map(rowOf)), at: at.toFixed(3) }));
  if (!answer) for (const id of ids) showEdges(rowOf(id));
}

function showEdges(row) {
  for (const input of row?.querySelectorAll("[data-edge]") ?? []) {
    input.value = Number(row.dataset[input.dataset.edge]).toFixed(2);
  }
}

function nudge(row, edge, by) {
  const now = edge === "end" ? end(row) : start(row);
  move(row, edge, now + by);
}

// The segment is right as it is: go on, at last to the next recording.
async function accept(row) {
  const id = idOf(row);
  if (isDirty(row)) await save(id);
  else if (!row.querySelector("[data-draft]").hidden) await act("accept", () => versions(rowOf(id)));
  if (isMore(id, 1)) {
    const next = rowOf(id) && (await beside(rowOf(id), 1));
    if (!next) return;
    write(next, boxOf(next).value.length);
    return play(next, start(next));
  }
  if (!(await flush())) return;
  if (await act("done", () => ({ is_done: "on" }))) go("next");
}

async function recut(form) {
  const data = new FormData(form);
  const isAnew = data.get("words") === "draft";
  form.closest("dialog").close();
  const answer = await act("recut", () => ({
    revision: known.revision,
    min_silence: data.get("min_silence"),
    model: isAnew ? data.get("model") : null,
  }));
  if (answer) say(`${known.places.length} segments`);
}

const toggleDone = () =>
  act("done", () => (known.is_done ? {} : { is_done: "on" }));

async function go(where) {
  const link = document.querySelector(`a[rel=${where}]`);
  if (!link) return say(where === "next" ? "This is the last recording" : "This is the first recording");
  await flush();
  location.assign(link.href);
}

// Playing: one audio element for all segments

const audio = new Audio();
audio.preload = "metadata";
let current = null; // the segment that the keys act on
let loaded = null; // the segment that plays, or is paused
let frame = 0;
let isLoop = false;
let cursor = null;

function play(row, from) {
  makeCurrent(row);
  if (!audio.src) audio.src = desk.dataset.audio;
  if (loaded !== row) {
    setState("paused");
    loaded = row;
    bind();
    from ??= start(row);
  }
  const now = audio.currentTime;
  if (from === undefined && (now < start(row) - 0.05 || now >= end(row) - 0.05)) from = start(row);
  if (from !== undefined) audio.currentTime = from;
  setState("loading");
  audio.play().catch((e) => {
    if (e.name !== "AbortError") fail();
  });
}

function toggle(row = current ?? rows()[0]) {
  if (!row) return;
  if (row === loaded && !audio.paused) audio.pause();
  else play(row);
}

function tick() {
  if (loaded && audio.currentTime >= end(loaded) - 0.01) {
    if (isLoop) audio.currentTime = start(loaded);
    else {
      audio.pause();
      audio.currentTime = Math.max(start(loaded), end(loaded) - 0.001);
    }
  }
  draw();
  frame = audio.paused ? 0 : requestAnimationFrame(tick);
}

function bind() {
  cursor?.remove();
  cursor = null;
  const wave = loaded?.querySelector("[data-waveform]");
  if (!wave) return;
  cursor = document.createElementNS("http://www.w3.org/2000/svg", "g");
  cursor.innerHTML = '<rect class="played" height="48"/><line class="cursor" y2="48"/>';
  wave.append(cursor);
  draw();
}

function draw() {
  const now = audio.currentTime;
  place(desk.querySelector("[data-now]"), (1000 * now) / total);
  if (!loaded || !cursor) return;
  const share = (now - start(loaded)) / (end(loaded) - start(loaded) || 1);
  const x = 1000 * Math.min(1, Math.max(0, share));
  cursor.firstChild.setAttribute("width", x);
  place(cursor.lastChild, x);
}

function place(line, x) {
  line.setAttribute("x1", x);
  line.setAttribute("x2", x);
}

function drawBorders() {
  const borders = desk.querySelector("[data-borders]");
  const scale = 1000 / total;
  // Where they would stand side by side, they say nothing.
  const room = borders.ownerSVGElement.getBoundingClientRect().width / LEAST_BORDER_PX;
  const shown = known.places.length > room ? [] : known.places;
  borders.innerHTML = shown
    .slice(1)
    .map(([, time]) => `<line class="border" y2="48" x1="${time * scale}" x2="${time * scale}"/>`)
    .join("");
  showHere();
}

function showHere() {
  const here = desk.querySelector("[data-here]");
  const scale = 1000 / total;
  here.setAttribute("x", current ? start(current) * scale : 0);
  here.setAttribute("width", current ? (end(current) - start(current)) * scale : 0);
}

function setState(state) {
  if (!loaded) return;
  loaded.dataset.state = state;
  const verb = state === "playing" ? "Pause" : "Play";
  const button = loaded.querySelector("[data-play]");
  button?.setAttribute("aria-label", `${verb} ${loaded.getAttribute("aria-label").toLowerCase()}`);
}

function fail() {
  setState("error");
  toast("The recording cannot be played.");
}

function makeCurrent(row) {
  if (row === current) return;
  current?.classList.remove("current");
  current = row;
  row.classList.add("current");
  showHere();
}

async function step(by) {
  if (current && !isMore(idOf(current), by)) return say(by > 0 ? "Last segment" : "First segment");
  const next = current ? await beside(current, by) : rows()[0];
  if (!next) return;
  audio.pause();
  makeCurrent(next);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function write(row, caret) {
  const box = boxOf(row);
  if (!box) return;
  makeCurrent(row);
  box.focus();
  if (caret !== undefined) box.setSelectionRange(caret, caret);
  row.scrollIntoView({ block: "nearest" });
}

function setSpeed(value) {
  audio.playbackRate = audio.defaultPlaybackRate = value;
  for (const select of desk.querySelectorAll("[data-speed]")) select.value = value;
  try {
    localStorage.setItem("speed", value);
  } catch {
    // storage is switched off: the choice holds for this page
  }
}

function stepSpeed(by) {
  const options = [...desk.querySelectorAll("[data-speed] option")].map((o) => Number(o.value));
  const next = options[options.indexOf(audio.playbackRate) + by];
  if (next) setSpeed(next);
}

function toggleLoop() {
  isLoop = !isLoop;
  desk.querySelector("[data-loop]").ariaPressed = isLoop;
  say(isLoop ? "Loop on" : "Loop off");
}

audio.addEventListener("playing", () => {
  setState("playing");
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(tick);
});
audio.addEventListener("pause", () => {
  setState("paused");
  draw();
});
audio.addEventListener("seeked", draw);
audio.addEventListener("error", fail);

// Events

list.addEventListener("input", (e) => {
  if (!e.target.matches("textarea[data-text]")) return;
  const row = e.target.closest("[data-segment]");
  const entry = entries.get(idOf(row));
  if (!isDirty(row)) notes.drop(idOf(row));
  else notes.put(idOf(row), { text: e.target.value, version: entry.version });
  mark(row, entry.theirs ? "conflict" : "typed");
  if (!entry.theirs) schedule(row);
});

list.addEventListener("focusin", (e) => {
  const row = e.target.closest("[data-segment]");
  if (row) makeCurrent(row);
});

list.addEventListener("focusout", (e) => {
  const row = e.target.closest("[data-segment]");
  if (e.target.matches("textarea")) e.target.dataset.caret = e.target.selectionStart;
  if (row && entries.has(idOf(row)) && isDirty(row)) save(idOf(row));
});

list.addEventListener("change", (e) => {
  const { edge } = e.target.dataset;
  if (!edge) return;
  const row = e.target.closest("[data-segment]");
  const at = Number.parseFloat(e.target.value);
  if (Number.isFinite(at)) move(row, edge, at);
  else showEdges(row);
});

list.addEventListener("click", (e) => {
  const row = e.target.closest("[data-segment]");
  if (!row) return;
  const wave = e.target.closest("[data-waveform]");
  if (e.target.closest("[data-play]")) toggle(row);
  else if (wave) play(row, start(row) + share(wave, e) * (end(row) - start(row)));
  else if (e.target.closest("[data-split]")) split(row);
  else if (e.target.closest("[data-merge]")) merge(row);
  else if (e.target.closest("[data-mine]")) resolve(row, true);
  else if (e.target.closest("[data-take]")) resolve(row, false);
});

list.addEventListener("click", (e) => {
  const link = e.target.closest("[data-more]");
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
  e.preventDefault();
  const isLater = link.dataset.more > 0;
  makeCurrent(isLater ? rows().at(-1) : rows()[0]);
  step(isLater ? 1 : -1);
});

desk.addEventListener("click", (e) => {
  if (e.target.closest("[data-loop]")) toggleLoop();
  else if (e.target.closest("[data-undo]")) act("undo", () => ({}));
  else if (e.target.closest("[data-redo]")) act("redo", () => ({}));
  else if (e.target.closest("[data-done]")) toggleDone();
  else if (e.target.closest("[data-save-all]")) flush();
  else if (e.target.closest("[data-outline]")) seekTo(share(desk.querySelector("[data-outline]"), e) * total);
});

async function seekTo(time) {
  const find = () => rows().find((r) => start(r) <= time && time < end(r));
  const row = find() ?? ((await slide(time)) ? (find() ?? rows().at(-1)) : null);
  if (!row) return;
  play(row, time);
  row.scrollIntoView({ block: "nearest" });
}

function share(element, e) {
  const box = element.getBoundingClientRect();
  return Math.min(1, Math.max(0, (e.clientX - box.left) / box.width));
}

desk.addEventListener("change", (e) => {
  if (e.target.matches("[data-speed]")) setSpeed(Number(e.target.value));
});

document.addEventListener("submit", (e) => {
  if (!e.target.matches("[data-recut]")) return;
  e.preventDefault();
  recut(e.target);
});

document.addEventListener("click", (e) => {
  const link = e.target.closest("a[rel=next], a[rel=prev]");
  if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
  e.preventDefault();
  go(link.rel);
});

window.addEventListener("online", () => flush());
window.addEventListener("beforeunload", (e) => {
  if (rows().some(isDirty)) e.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) flush();
});

// Keys

const CTRL = {
  " ": (row) => toggle(row),
  Enter: accept,
  b: split,
  m: merge,
  ",": (row) => nudge(row, "end", -NUDGE_SECONDS),
  ".": (row) => nudge(row, "end", NUDGE_SECONDS),
  "<": (row) => nudge(row, "start", -NUDGE_SECONDS),
  ">": (row) => nudge(row, "start", NUDGE_SECONDS),
  ";": (row) => nudge(row, "start", -NUDGE_SECONDS),
  ":": (row) => nudge(row, "start", NUDGE_SECONDS),
  s: () => flush(),
};
const PLAIN = {
  j: () => step(1),
  k: () => step(-1),
  e: () => write(current ?? rows()[0]),
  l: toggleLoop,
  u: () => act("undo", () => ({})),
  U: () => act("redo", () => ({})),
  N: () => go("next"),
  P: () => go("prev"),
  "[": () => stepSpeed(-1),
  "]": () => stepSpeed(1),
  "?": () => document.getElementById("keyboard").showModal(),
};
const UNFOCUSED = {
  " ": () => toggle(),
  ArrowLeft: () => skip(-SKIP_SECONDS),
  ArrowRight: () => skip(SKIP_SECONDS),
};
const READS = new Set([" "]);

function skip(by) {
  const row = loaded ?? current ?? rows()[0];
  if (!row) return;
  const from = row === loaded ? audio.currentTime : start(row);
  play(row, Math.min(Math.max(start(row), from + by), end(row) - 0.05));
}

document.addEventListener("keydown", (e) => {
  if (e.isComposing || e.altKey || e.target.closest("dialog")) return;
  const row = e.target.closest("[data-segment]") ?? current;
  const mayWrite = Boolean(boxOf(row));
  if (e.ctrlKey || e.metaKey) {
    const deed = CTRL[e.key];
    if (!deed || !row || (!mayWrite && !READS.has(e.key))) return;
    e.preventDefault();
    deed(row);
    return;
  }
  if (e.target.matches("textarea")) return inText(e, row);
  if (e.target.closest("input, select, textarea")) return;
  const isOnControl = e.target.closest("a, button, summary, [role=region]");
  const deed = PLAIN[e.key] ?? (isOnControl ? null : UNFOCUSED[e.key]);
  if (!deed) return;
  e.preventDefault();
  deed();
});

function inText(e, row) {
  if (e.key === "Escape") row.focus({ preventScroll: true });
  else if (e.key === "Enter") e.preventDefault(); // an utterance is one line
  else if (e.key === "Tab" && !e.shiftKey) {
    // The row's buttons stand before the text: Shift+Tab leads to them.
    if (!isMore(idOf(row), 1)) return;
    e.preventDefault();
    beside(row, 1).then((next) => next && write(next));
  }
}

// At the start: what an earlier visit could not save is put back.
for (const row of rows()) register(row);
for (const [id, note] of notes.all()) {
  const entry = entries.get(id);
  if (entry && clean(note.text) === entry.text) notes.drop(id);
  else away.set(id, note);
}
putBack();
setSpeed(chosenSpeed());
drawBorders();
showKnown();
if (location.hash) {
  const row = document.querySelector(location.hash);
  if (row?.matches("[data-segment]")) write(row);
}
showAway();
setTimeout(listen, known.is_ready ? NEWS_MS : NEWS_SOON_MS);

// One part after the other, each saved before the next one is shown.
async function showAway() {
  for (const id of [...away.keys()]) {
    if (away.has(id) && !(await slide(known.places[placeOf(id)][1]))) return;
  }
}

function chosenSpeed() {
  try {
    return Number(localStorage.getItem("speed")) || 1;
  } catch {
    return 1;
  }
}
