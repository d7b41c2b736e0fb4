// One turn with the server, as the Speech SDK has it: a WebSocket, text messages with
// header lines and a JSON body, sound in binary ones.
const PATH = "/speech/recognition/conversation/cognitiveservices/v1";
const LOST = "No connection came about. The server may be busy or restarting: try again in a moment.";
const BUSY = 4429;
// What may be on its way at once: a server that hears slowly is to answer in between.
const MOST_BYTES = 512 * 1024;
const SOON_MS = 50;

export class Turn {
  #request = identifier();
  #waiting = []; // messages that are to be sent, in their order
  #timer = 0;
  #socket = null;
  #isOver = false;
  openedAt = 0;
  isCancelled = false;

  // `host`: such as wss://speech.example.org; empty where the page comes from.
  constructor({ host, rate, phrases, weight }) {
    this.host = host || location.origin.replace(/^http/, "ws");
    this.#send(textMessage("speech.context", this.#request, context(phrases, weight)));
    this.#sound(header(rate));
  }

  // Until the turn has ended. `tell` gets the path and the body of each message. Throws
  // an Error in words for people.
  run(token, locale, tell) {
    const query = new URLSearchParams({
      language: locale,
      format: "detailed",
      Authorization: `Bearer ${token}`,
    });
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${this.host}${PATH}?${query}`, "USP");
      this.#socket = socket;
      socket.onopen = () => {
        this.openedAt = performance.now();
        this.#pass();
      };
      socket.onmessage = ({ data }) => {
        const [path, body] = read(data);
        tell(path, body);
        if (path !== "turn.end") return;
        this.#isOver = true;
        socket.close(1000);
        resolve();
      };
      socket.onclose = (e) => (this.#isOver ? resolve() : reject(new Error(this.#why(e))));
      if (this.#isOver) socket.close();
    });
  }

  // 16-bit samples. They wait for the connection.
  hear(samples) {
    this.#sound(samples);
  }

  // There is no more sound: the rest is recognised, then the turn ends.
  end() {
    this.#sound(new Uint8Array());
  }

  cancel() {
    this.isCancelled = this.#isOver = true;
    this.#socket?.close();
  }

  #sound(samples) {
    this.#send(binaryMessage("audio", this.#request, samples));
  }

  #send(message) {
    this.#waiting.push(message);
    this.#pass();
  }

  // Send what waits, as fast as it is taken.
  #pass() {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    while (this.#waiting.length && socket.bufferedAmount < MOST_BYTES) {
      socket.send(this.#waiting.shift());
    }
    clearTimeout(this.#timer);
    if (this.#waiting.length) this.#timer = setTimeout(() => this.#pass(), SOON_MS);
  }

  #why({ code, reason }) {
    if (!this.openedAt) return LOST;
    if (code === BUSY) return "The server is busy. Try again in a moment.";
    return reason || `The connection broke (code ${code}). Try again.`;
  }
}

function context(phrases, weight) {
  const items = phrases.map((text) => ({ Text: text }));
  return {
    dgi: { Groups: [{ Type: "Generic", Items: items }], bias: weight },
    phraseOutput: {
      format: "Detailed",
      detailed: { options: ["WordTimings", "WordConfidence"] },
    },
  };
}

// Of a WAV whose end nobody knows.
function header(rate) {
  const view = new DataView(new ArrayBuffer(44));
  const letters = (at, text) =>
    [...text].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  letters(0, "RIFF");
  letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  letters(36, "data");
  return new Uint8Array(view.buffer);
}

const headers = (path, request) => `Path:${path}\r\nX-RequestId:${request}\r\n`;

const textMessage = (path, request, body) =>
  `${headers(path, request)}Content-Type:application/json\r\n\r\n${JSON.stringify(body)}`;

function binaryMessage(path, request, samples) {
  const head = new TextEncoder().encode(headers(path, request));
  const message = new Uint8Array(2 + head.length + samples.byteLength);
  new DataView(message.buffer).setUint16(0, head.length);
  message.set(head, 2);
  const { buffer, byteOffset, byteLength } = samples;
  message.set(new Uint8Array(buffer, byteOffset, byteLength), 2 + head.length);
  return message;
}

function read(text) {
  const gap = text.indexOf("\r\n\r\n");
  const [, path] = /^Path:(.*)$/im.exec(text.slice(0, gap).replaceAll("\r", ""));
  return [path, JSON.parse(text.slice(gap + 4))];
}

// crypto.randomUUID is not there on pages that came by http.
function identifier() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
