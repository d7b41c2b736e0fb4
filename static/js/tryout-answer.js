// One answer on the page: what was understood, how sure the model is, how long it took.
const TICKS_PER_MS = 10000;
const TICKS = 1000 * TICKS_PER_MS;
const UNSURE = 0.5;

const NOTHING = {
  NoMatch: "Nothing could be understood here.",
  InitialSilenceTimeout: "Nobody spoke so far.",
};

const element = (tag, className, text = "") => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

function icon(name) {
  const made = element("span", `icon icon-${name}`);
  made.ariaHidden = true;
  return made;
}

export class Answer {
  #began = Infinity; // when the first sound of a microphone was taken
  #messages = [];
  #texts = [];
  #waits = []; // ms from the last word to the answer
  #firstWords = null; // ms from the first sound of speech to the first draft

  // `part`: what the template holds; `play(from, until)` in seconds.
  constructor(part, { title, options, locale, play }) {
    this.part = part;
    this.locale = locale;
    this.play = play;
    this.#piece("title").textContent = title;
    this.#piece("options").textContent = options;
    this.#piece("partial").lang = locale;
  }

  // So much sound of a microphone has come by now.
  captured(seconds) {
    this.#began = Math.min(this.#began, performance.now() - 1000 * seconds);
  }

  // Returns the text, when the message is one that was understood.
  take(path, body) {
    if (path === "speech.hypothesis") this.#draft(body);
    if (path !== "speech.phrase") return "";
    this.#messages.push(body);
    this.#piece("partial").textContent = "";
    if (body.RecognitionStatus === "EndOfDictation") return "";
    const text = body.RecognitionStatus === "Success" ? body.DisplayText : "";
    this.#piece("phrases").append(text ? this.#phrase(body) : this.#nothing(body));
    return text;
  }

  // It is over; `seconds` of sound took `ms` from the connection on.
  finish(seconds, ms) {
    this.#state("Done", "good", "check");
    this.#fact("Sound", `${seconds.toFixed(1)} s`);
    if (Number.isFinite(this.#began)) {
      if (this.#firstWords !== null) this.#fact("First words", `${inSeconds(this.#firstWords)} after speech began`);
      if (this.#waits.length) this.#fact("Answer", this.#answered());
    } else {
      const times = (1000 * seconds) / ms;
      this.#fact("Recognised in", `${inSeconds(ms)}, ${times.toFixed(1)} times as fast as it was spoken`);
    }
    this.#close(this.#texts.length ? "" : "No speech was heard.");
  }

  cancel() {
    this.#state("Cancelled", "", "cross");
    this.#close("");
  }

  fail(message) {
    this.#state("Failed", "poor", "error");
    this.#close(message);
  }

  recognising() {
    this.#state("Recognising", "running", "spinner spin");
  }

  #draft({ Text, Offset }) {
    this.#firstWords ??= performance.now() - this.#began - Offset / TICKS_PER_MS;
    this.#piece("partial").textContent = Text;
  }

  #phrase({ Offset, Duration, DisplayText, NBest: [best] }) {
    const words = best.Words ?? [];
    const last = words.at(-1);
    const end = last ? last.Offset + last.Duration : Offset + Duration;
    const wait = performance.now() - this.#began - end / TICKS_PER_MS;
    this.#waits.push(wait);
    this.#texts.push(DisplayText);
    const line = this.#line(Offset, Offset + Duration);
    const body = element("div", "heard");
    const text = element("p", "text heard-text", DisplayText);
    body.append(text, this.#words(words));
    const sure = element("span", "num heard-sure", percent(best.Confidence));
    sure.title = "Confidence";
    line.append(body, sure);
    for (const one of [text, body.lastChild]) one.lang = this.locale;
    return line;
  }

  #nothing({ RecognitionStatus, Offset, Duration }) {
    const line = this.#line(Offset, Offset + Duration);
    const said = NOTHING[RecognitionStatus] ?? RecognitionStatus;
    line.append(element("p", "muted heard", said));
    return line;
  }

  #line(from, until) {
    const line = element("li", "heard-line");
    const time = (from / TICKS).toFixed(1);
    const button = element("button", "button quiet small num");
    button.append(icon("play"), `${time} s`);
    button.type = "button";
    button.setAttribute("aria-label", `Play from ${time} s`);
    button.onclick = () => this.play(from / TICKS, until / TICKS);
    line.append(button);
    return line;
  }

  #words(words) {
    const line = element("p", "heard-words muted");
    line.dir = "auto";
    for (const { Word, Offset, Duration, Confidence } of words) {
      const word = element("span", Confidence < UNSURE ? "unsure" : "", Word);
      word.title = `${percent(Confidence)} sure, at ${(Offset / TICKS).toFixed(2)} s`;
      word.onclick = () => this.play(Offset / TICKS, (Offset + Duration) / TICKS);
      line.append(word, " ");
    }
    return line;
  }

  #answered() {
    const waits = [...this.#waits].sort((a, b) => a - b);
    const middle = inSeconds(waits[waits.length >> 1]);
    return `${middle} after the last word${waits.length > 1 ? `, median of ${waits.length}` : ""}`;
  }

  #fact(name, value) {
    const fact = element("div", "");
    fact.append(element("dt", "", name), element("dd", "num", value));
    this.#piece("facts").append(fact);
  }

  #close(message) {
    this.#piece("partial").textContent = "";
    this.#piece("said").textContent = message;
    this.#piece("said").hidden = !message;
    const json = JSON.stringify(this.#messages, null, 2);
    this.#piece("json").textContent = json;
    this.part.querySelector("[data-copy]").dataset.copy = json;
    this.#piece("raw").hidden = !this.#messages.length;
  }

  #state(text, look, name) {
    const chip = this.#piece("state");
    chip.className = `chip ${look}`;
    chip.replaceChildren(icon(name), text);
  }

  #piece(name) {
    return this.part.querySelector(`[data-${name}]`);
  }
}

const inSeconds = (ms) => `${(Math.max(0, ms) / 1000).toFixed(2)} s`;
const percent = (share) => `${Math.round(100 * share)} %`;
