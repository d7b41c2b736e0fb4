// A model is tried by voice or with a file, over the connection that programs use.
const root = document.getElementById("try");
const { Turn } = await import(root.dataset.stream);
const { Answer } = await import(root.dataset.answer);
const { LONGEST_SECONDS, Problem, Sound, microphone, ofFile } = await import(
  root.dataset.sound
);
const MOST_PHRASES = 500;
const LONGEST_PHRASE = 200; // characters
const LONGEST_LIST = 20_000;
const QUIETEST_DB = 60; // below the loudest that can be

const part = (name) => root.querySelector(`[data-${name}]`);
const choice = part("choice");
const act = part("act");
const say = (text) =>
  document.dispatchEvent(new CustomEvent("app:announce", { detail: text }));

let state = "idle";
let sound = null; // what was recorded or chosen
let mic = null;
let turn = null;
let answer = null;
let playing = null; // the sound that was played last

const ACTS = {
  idle: { text: "Record", icon: "microphone", look: "primary", run: record },
  starting: { text: "Starting …", icon: "spinner spin", look: "", run: () => {} },
  recording: { text: "Stop", icon: "stop", look: "danger", run: stop },
  hearing: { text: "Cancel", icon: "cross", look: "", run: cancel },
};

function enter(name) {
  state = name;
  const { text, icon, look } = ACTS[name];
  act.className = `button ${look}`;
  act.querySelector(".icon").className = `icon icon-${icon}`;
  act.querySelector("[data-act-text]").textContent = text;
  part("file").disabled = name !== "idle";
  // They keep the focus, which a button that is really disabled may lose.
  act.ariaDisabled = name === "starting";
  part("again").ariaDisabled = part("play").ariaDisabled = name !== "idle";
  part("live").hidden = name !== "recording";
}

// What is wrong, beside the buttons; "" when nothing is.
function complain(text) {
  part("problem").hidden = !text;
  part("problem-text").textContent = text;
}

// Run what may fail in a way that people can do something about.
async function trying(work) {
  complain("");
  try {
    await work();
  } catch (e) {
    enter("idle");
    if (!(e instanceof Problem)) throw e;
    complain(e.message);
  }
}

function record() {
  return trying(async () => {
    enter("starting");
    playing?.stop();
    const options = asked();
    mic = await microphone(root.dataset.worklet);
    const time = new Date().toLocaleTimeString("en-GB"); // 20:45:09
    keep(new Sound(`Recording of ${time}`, mic.rate));
    begin(options);
    enter("recording");
    mic.listen(takePiece, stop);
    await recognise();
  });
}

function takePiece(piece) {
  if (state !== "recording") return;
  sound.add(piece);
  turn.hear(piece);
  answer.captured(sound.seconds);
  const loudest = piece.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  part("level").value = 1 + (20 * Math.log10(loudest / 32768)) / QUIETEST_DB;
  part("clock").textContent = `${sound.seconds.toFixed(0)} s`;
  if (sound.seconds >= LONGEST_SECONDS) stop();
}

function stop() {
  if (state !== "recording") return;
  turn.end();
  closeMicrophone();
  answer.recognising();
  enter("hearing");
  showSound();
}

function closeMicrophone() {
  mic?.close();
  mic = null;
}

function cancel() {
  turn.cancel();
}

function choose(file) {
  trying(async () => {
    asked();
    enter("starting");
    keep(null);
    keep(await ofFile(file));
    await hearAll();
  });
}

function again() {
  if (state === "idle") trying(hearAll);
}

async function hearAll() {
  playing?.stop();
  begin(asked());
  enter("hearing");
  answer.recognising();
  for (const piece of sound.pieces) turn.hear(piece);
  turn.end();
  await recognise();
}

function keep(fresh) {
  playing?.stop();
  sound = fresh;
  showSound();
}

function showSound() {
  part("kept").hidden = !sound?.length;
  if (!sound) return;
  part("kept-name").textContent = sound.name;
  part("kept-seconds").textContent = `${sound.seconds.toFixed(1)} s`;
}

// What is chosen and typed. Throws a `Problem`.
function asked() {
  const { silent } = choice.selectedOptions[0].dataset;
  if (silent) throw new Problem(silent);
  const typed = part("list").value.split(/[;\n]/).map((text) => text.trim());
  const phrases = [...new Set(typed.filter(Boolean))];
  const field = part("weight");
  if (phrases.length > MOST_PHRASES) {
    throw new Problem(`A phrase list has at most ${MOST_PHRASES} phrases.`);
  }
  if (phrases.some((text) => text.length > LONGEST_PHRASE)) {
    throw new Problem(`A phrase has at most ${LONGEST_PHRASE} characters.`);
  }
  if (phrases.join("").length > LONGEST_LIST) {
    throw new Problem("A phrase list has at most 20,000 characters.");
  }
  if (!field.checkValidity()) throw new Problem("The weight goes from 0 to 2.");
  return { phrases, weight: field.valueAsNumber };
}

// A new answer above the others.
function begin({ phrases, weight }) {
  const made = part("answer").content.cloneNode(true).firstElementChild;
  const count = phrases.length === 1 ? "1 phrase" : `${phrases.length} phrases`;
  const options = phrases.length ? `${count}, weight ${weight}` : "No phrase list";
  const heard = sound;
  answer = new Answer(made, {
    title: choice.selectedOptions[0].textContent.trim(),
    options: `${heard.name}. ${options}.`,
    locale: root.dataset.locale,
    play: (from, until) => play(heard, from, until),
  });
  const { host } = root.dataset;
  turn = new Turn({ host, rate: heard.rate, phrases, weight });
  part("answers").prepend(made);
  part("empty").hidden = true;
  part("legend").hidden = false;
}

async function recognise() {
  const [asking, answering, heard] = [turn, answer, sound];
  let seconds = 0;
  try {
    const { token, logged } = await fetchToken();
    showLogged(logged);
    await asking.run(token, root.dataset.locale, (path, body) => {
      const text = answering.take(path, body);
      if (text) say(text);
    });
    seconds = (performance.now() - asking.openedAt) / 1000;
  } catch (e) {
    answering.fail(e.message);
    say(e.message);
    return;
  } finally {
    closeMicrophone();
    enter("idle");
    showSound();
  }
  if (asking.isCancelled) answering.cancel();
  else answering.finish(heard.seconds, 1000 * seconds);
}

// Anew for each try: it is good for ten minutes, and says why nothing would answer.
async function fetchToken() {
  const body = new URLSearchParams(choice.value);
  body.set("csrfmiddlewaretoken", part("csrf").querySelector("input").value);
  let reply;
  try {
    reply = await fetch(root.dataset.token, { method: "POST", body, redirect: "manual" });
  } catch {
    throw new Problem("The server cannot be reached. Try again in a moment.");
  }
  const isJson = reply.headers.get("Content-Type")?.includes("json");
  if (!isJson) throw new Problem("Not allowed. Reload the page; you may have to sign in.");
  const answered = await reply.json();
  if (!reply.ok) throw new Problem(answered.message);
  return answered;
}

function takeFile() {
  const file = part("file").files[0];
  if (!file) return;
  choose(file);
  part("file").value = ""; // the same file may be chosen once more
}

function showLogged(isLogged) {
  part("logged").hidden = !isLogged;
  part("unlogged").hidden = isLogged;
}

function play(heard, from, until) {
  if (state !== "idle") return;
  playing?.stop();
  playing = heard;
  heard.play(from, until, showPlaying);
  showPlaying();
}

function showPlaying() {
  const isOn = Boolean(sound?.isPlaying);
  part("play-text").textContent = isOn ? "Stop" : "Play";
  part("play").querySelector(".icon").className = `icon icon-${isOn ? "stop" : "play"}`;
}

act.addEventListener("click", () => ACTS[state].run());
part("again").addEventListener("click", again);
part("play").addEventListener("click", () => {
  if (sound.isPlaying) sound.stop();
  else play(sound, 0, sound.seconds);
});
part("file").addEventListener("change", takeFile);
choice.addEventListener("change", () => {
  history.replaceState(history.state, "", `?${choice.value}`);
  showLogged("logs" in choice.selectedOptions[0].dataset);
  complain("");
});
document.addEventListener("keydown", (e) => {
  const isOurs = e.key === " " && !e.repeat && !(e.ctrlKey || e.altKey || e.metaKey);
  const control = "a, button, summary, input, select, textarea, dialog, [tabindex='0']";
  if (!isOurs || e.target.closest(control) || state === "hearing") return;
  e.preventDefault();
  ACTS[state].run();
});
enter("idle");
act.disabled = false;
// Who was faster than this script has chosen one already.
takeFile();
