// Sends a file in blocks, so that a lost connection or a closed page costs little.
const PARALLEL = 2; // blocks on their way at once
const MOST_TRIES = 6; // of a block, until it waits for the person
const PACE_SECONDS = 15; // that the speed is measured over

const form = document.querySelector("form[data-upload-form]");
const part = (name) => form.querySelector(`[data-${name}]`);
const input = form.querySelector("input[type=file]");
const next = part("next");
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
const BLOCK_BYTES = Number(form.dataset.blockBytes);

const say = (text) =>
  document.dispatchEvent(new CustomEvent("app:announce", { detail: text }));

const problem = (text) => {
  part("problem").textContent = text;
};

function size(bytes) {
  // As the server counts: its limit of 2 GB is 2 * 1024 ** 3 bytes.
  const unit = bytes < 1024 ** 2 ? "KB" : bytes < 1024 ** 3 ? "MB" : "GB";
  const value = bytes / { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[unit];
  return `${value.toFixed(value < 10 && unit !== "KB" ? 1 : 0)} ${unit}`;
}

function time(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

// What the server refused, in its own words.
class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

class Offline extends Error {}

function refusal(status, body) {
  let said = "";
  try {
    said = JSON.parse(body).message;
  } catch {
    // a page, not an answer to a script
  }
  if (status === 403) said = "Not allowed. Reload the page; you may have to sign in.";
  return new Refusal(status, said || `The server could not take it (error ${status}).`);
}

const canBeRepeated = (status) => status === 408 || status === 429 || status === 500 || (status > 500 && status !== 507);

// One request; `sent` hears of the bytes that have gone. The body may be a Blob.
function ask(method, url, body, signal, sent = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open(method, url);
    request.setRequestHeader("x-csrftoken", token);
    request.setRequestHeader("accept", "application/json");
    if (body) request.setRequestHeader("content-type", body.type || "application/octet-stream");
    request.upload.onprogress = (e) => sent(e.loaded);
    request.onerror = () => reject(new Offline());
    request.onabort = () => reject(new DOMException("", "AbortError"));
    request.onload = () => {
      const { status, responseText } = request;
      // Whoever is signed out is led to a page instead.
      const isPage = request.getResponseHeader("content-type")?.startsWith("text/html");
      if (status < 300 && isPage) reject(refusal(403, ""));
      else if (status < 300) resolve(responseText ? JSON.parse(responseText) : null);
      else reject(refusal(status, responseText));
    };
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    signal?.addEventListener("abort", stop);
    request.send(body);
  });
}

const json = (value) => new Blob([JSON.stringify(value)], { type: "application/json" });

// Resolves after the time, when the connection is back, or when it is called off.
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    window.addEventListener("online", end, { once: true });
    signal.addEventListener("abort", end, { once: true });
  });
}

class Transfer {
  constructor(file) {
    this.file = file;
    this.state = "new"; // new, running, paused, done, cancelled
    this.sent = new Map(); // bytes of each block that are there or on their way
    this.marks = []; // [seconds, bytes] of the last moments
    this.count = Math.ceil(file.size / BLOCK_BYTES);
  }

  get bytes() {
    return [...this.sent.values()].reduce((sum, one) => sum + one, 0);
  }

  address(end = "") {
    return form.dataset.uploads.replace(/0{8}-[0-]+/, this.id) + end;
  }

  block(number) {
    const start = number * BLOCK_BYTES;
    return this.file.slice(start, Math.min(this.file.size, start + BLOCK_BYTES));
  }

  async begin() {
    const { name, size: bytes, lastModified } = this.file;
    const asked = { file_name: name, size: bytes, modified: lastModified, kind: input.dataset.kind };
    const upload = await ask("POST", form.dataset.begin, json(asked), this.calledOff.signal);
    this.id = upload.id;
    this.isCommitted = upload.is_committed;
    const there = new Map(upload.blocks.map((block) => [block.name, block.size]));
    this.sent.clear();
    this.missing = [];
    for (let number = 0; number < this.count; number += 1) {
      const bytesOfIt = this.block(number).size;
      if (this.isCommitted || there.get(this.name(number)) === bytesOfIt) this.sent.set(number, bytesOfIt);
      else this.missing.push(number);
    }
  }

  name(number) {
    return String(number).padStart(6, "0");
  }

  async run(isSecondLook = false) {
    this.state = "running";
    this.calledOff = new AbortController();
    this.marks = [];
    this.show();
    try {
      await this.patiently(() => this.begin());
      this.marks = [[performance.now() / 1000, this.bytes]];
      await Promise.all(Array.from({ length: PARALLEL }, () => this.work()));
      await this.patiently(() => this.commit());
      this.state = "done";
    } catch (error) {
      this.calledOff.abort();
      // Another tab has completed or discarded the same upload: see what is there.
      if ([404, 409].includes(error.status) && !isSecondLook) return this.run(true);
      if (error.name !== "AbortError") this.fail(error);
    }
    this.show();
  }

  async work() {
    while (this.missing.length) {
      const number = this.missing.shift();
      try {
        await this.patiently(() => this.put(number));
      } catch (error) {
        this.sent.delete(number);
        throw error;
      }
    }
  }

  async put(number) {
    const block = this.block(number);
    try {
      await block.slice(0, 1).arrayBuffer();
    } catch {
      throw new Refusal(0, "The file was changed or removed meanwhile. Choose it again.");
    }
    const url = this.address(`blocks/?name=${this.name(number)}`);
    await ask("PUT", url, block, this.calledOff.signal, (bytes) => {
      this.sent.set(number, Math.min(bytes, block.size));
      this.show();
    });
    this.sent.set(number, block.size);
    this.show();
  }

  commit() {
    if (this.isCommitted) return null;
    const blocks = Array.from({ length: this.count }, (_, number) => ({ kind: "Latest", name: this.name(number) }));
    return ask("POST", this.address("commit/"), json({ blocks }), this.calledOff.signal);
  }

  // Again and again, at growing distances, while only the connection is to blame.
  async patiently(work) {
    const { signal } = this.calledOff;
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await work();
        this.isWaiting = false;
        return answer;
      } catch (error) {
        const isPassing = error instanceof Offline || canBeRepeated(error.status);
        if (!isPassing || tries === MOST_TRIES) throw error;
      }
      this.isWaiting = true;
      this.show();
      await pause(Math.min(30, 2 ** (tries - 1)), signal);
      signal.throwIfAborted();
    }
  }

  fail(error) {
    this.state = "paused";
    if (error instanceof Offline || canBeRepeated(error.status)) {
      problem("The connection is lost. The upload goes on when you press Resume.");
      this.goesOnByItself = true;
    } else if (error instanceof Refusal) {
      problem(error.message);
    } else {
      throw error;
    }
  }

  pause() {
    this.state = "paused";
    this.goesOnByItself = false;
    this.calledOff.abort();
    this.show();
  }

  async cancel() {
    this.state = "cancelled";
    this.calledOff.abort();
    this.show();
    if (this.id) await ask("DELETE", this.address()).catch(() => {}); // or it goes in a week
  }

  // Bytes a second over the last moments; 0 while there is nothing to say.
  speed() {
    const now = performance.now() / 1000;
    this.marks.push([now, this.bytes]);
    while (this.marks.length > 2 && now - this.marks[0][0] > PACE_SECONDS) this.marks.shift();
    const [then, before] = this.marks[0];
    return now - then < 1 ? 0 : Math.max(0, this.bytes - before) / (now - then);
  }

  show() {
    if (transfer !== this) return;
    const { bytes } = this;
    const total = this.file.size;
    part("panel").hidden = this.state === "cancelled";
    part("file-name").textContent = this.file.name;
    part("upload").value = (100 * bytes) / total;
    part("pause").textContent = this.state === "paused" ? "Resume" : "Pause";
    part("pause").hidden = this.state === "done";
    part("cancel").textContent = this.state === "done" ? "Remove" : "Cancel upload";
    part("upload-text").textContent = this.text(bytes, total);
    next.disabled = ["running", "paused"].includes(this.state) && isFile();
    part("upload-id").value = this.state === "done" ? this.id : "";
  }

  text(bytes, total) {
    if (this.state === "done") return `${size(total)}, complete`;
    const known = `${Math.floor((100 * bytes) / total)} %, ${size(bytes)} of ${size(total)}`;
    if (this.state === "paused") return `${known}, paused`;
    if (this.isWaiting) return `${known}, the connection is lost; trying again`;
    const speed = this.speed();
    return speed ? `${known}, ${size(speed)}/s, ${time((total - bytes) / speed)} left` : known;
  }
}

let transfer = null;
const isFile = () => form.elements.source.value === "file";

function wrongWith(file) {
  const known = input.accept.split(",");
  const limit = Number(input.dataset.maxBytes);
  if (!known.some((suffix) => file.name.toLowerCase().endsWith(suffix))) {
    return `${file.name} is not of this type: the file ends with ${known.join(" or ")}.`;
  }
  if (file.size > limit) return `${file.name} has ${size(file.size)}; ${size(limit)} is the limit.`;
  return file.size ? "" : `${file.name} is empty.`;
}

// A reload keeps what is here.
function keepInAddress() {
  const here = new URL(location.href);
  const id = part("upload-id").value;
  if (id) here.searchParams.set("upload", id);
  else here.searchParams.delete("upload");
  history.replaceState(history.state, "", here);
}

async function take(file) {
  const wrong = wrongWith(file);
  problem(wrong);
  input.value = ""; // the form does not send it once more
  if (wrong) return;
  if (transfer?.state === "running") transfer.pause();
  part("kept")?.remove();
  transfer = new Transfer(file);
  const mine = transfer;
  await mine.run();
  ended(mine);
}

function ended(mine) {
  if (mine !== transfer) return;
  keepInAddress();
  if (mine.state === "done") {
    say(`${mine.file.name} is uploaded.`);
    next.focus();
  }
}

input.addEventListener("change", () => {
  if (input.files.length) take(input.files[0]);
});

form.addEventListener("change", () => transfer?.show());

part("pause").addEventListener("click", async () => {
  const mine = transfer;
  if (mine.state === "running") {
    mine.pause();
  } else {
    problem("");
    await mine.run();
    ended(mine);
  }
});

part("cancel").addEventListener("click", async () => {
  problem("");
  const ending = transfer.cancel();
  next.disabled = false;
  keepInAddress();
  input.focus();
  await ending;
});

window.addEventListener("online", async () => {
  const mine = transfer;
  if (!mine?.goesOnByItself || mine.state !== "paused") return;
  mine.goesOnByItself = false;
  problem("");
  await mine.run();
  ended(mine);
});

window.addEventListener("beforeunload", (e) => {
  if (transfer?.state === "running") e.preventDefault();
});

for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  part("drop").addEventListener(kind, () => {
    part("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
  });
}
