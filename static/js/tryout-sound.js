// Where the sound comes from, a microphone or a file, and how it is played back.
export const LONGEST_SECONDS = 600;
const LARGEST_FILE_BYTES = 100 * 1024 ** 2;
const RATE_HZ = 16000;
const PIECE_SECONDS = 0.5; // of a file

// What people can do something about, in words for them.
export class Problem extends Error {}

// Mono, 16 bits. It is kept until the page is left, to be played and heard once more.
export class Sound {
  pieces = [];
  length = 0; // samples
  #source = null; // what plays

  constructor(name, rate) {
    this.name = name;
    this.rate = rate;
  }

  add(piece) {
    this.pieces.push(piece);
    this.length += piece.length;
  }

  get seconds() {
    return this.length / this.rate;
  }

  get isPlaying() {
    return this.#source !== null;
  }

  // `ended` is called when it is over, or was stopped.
  play(from, until, ended) {
    this.stop();
    const context = new AudioContext();
    const source = context.createBufferSource();
    source.buffer = this.#buffer(context);
    source.connect(context.destination);
    source.onended = () => {
      context.close();
      if (this.#source === source) this.#source = null;
      ended();
    };
    source.start(0, from, Math.max(0.1, until - from));
    this.#source = source;
  }

  stop() {
    this.#source?.stop();
    this.#source = null;
  }

  #buffer(context) {
    const buffer = context.createBuffer(1, Math.max(1, this.length), this.rate);
    const samples = buffer.getChannelData(0);
    let at = 0;
    for (const piece of this.pieces) {
      for (const sample of piece) samples[at++] = sample / 32768;
    }
    return buffer;
  }
}

export async function ofFile(file) {
  if (file.size > LARGEST_FILE_BYTES) throw new Problem(tooLong("100 MB"));
  const context = new OfflineAudioContext(1, 1, RATE_HZ);
  let buffer;
  try {
    buffer = await context.decodeAudioData(await file.arrayBuffer());
  } catch (e) {
    if (e.name === "NotReadableError" || e.name === "NotFoundError") {
      throw new Problem(`“${file.name}” has changed or is gone. Choose it again.`);
    }
    throw new Problem(`The browser finds no sound that it can read in “${file.name}”.`);
  }
  if (buffer.duration > LONGEST_SECONDS) throw new Problem(tooLong("ten minutes"));
  const sound = new Sound(file.name, RATE_HZ);
  const size = RATE_HZ * PIECE_SECONDS;
  for (let at = 0; at < buffer.length; at += size) {
    sound.add(mixed(buffer, at, Math.min(at + size, buffer.length)));
  }
  return sound;
}

const tooLong = (limit) =>
  `Here a file has at most ${limit}. Longer recordings go to Transcribe.`;

function mixed(buffer, from, to) {
  const piece = new Int16Array(to - from);
  const count = buffer.numberOfChannels;
  const channels = Array.from({ length: count }, (_, n) => buffer.getChannelData(n));
  for (let at = from; at < to; at++) {
    let sum = 0;
    for (const channel of channels) sum += channel[at];
    piece[at - from] = 32767 * Math.max(-1, Math.min(1, sum / count));
  }
  return piece;
}

// The microphone, as soon as it is allowed. `listen` wants to know what is done with each
// piece, and what when the device is gone. Call `close` in the end.
export async function microphone(worklet) {
  const stream = await allowed();
  const close = [() => stream.getTracks().forEach((track) => track.stop())];
  try {
    const [context, source] = joined(stream);
    close.push(() => context.close());
    await context.audioWorklet.addModule(worklet);
    const options = { channelCount: 1, channelCountMode: "explicit" };
    const node = new AudioWorkletNode(context, "taker", options);
    // It says nothing itself; but what leads nowhere may not be asked for sound.
    source.connect(node).connect(context.destination);
    await context.resume();
    const listen = (take, gone) => {
      node.port.onmessage = ({ data }) => take(data); // what came before has waited
      stream.getTracks()[0].addEventListener("ended", gone);
    };
    const { sampleRate } = context;
    return { rate: sampleRate, listen, close: () => close.forEach((one) => one()) };
  } catch (e) {
    close.forEach((one) => one());
    throw e;
  }
}

async function allowed() {
  if (!navigator.mediaDevices) {
    throw new Problem(
      "Browsers give the microphone only to pages that came by https, or from this " +
        `very computer (localhost). This one came from ${location.origin}. Ask the ` +
        "administrator for an https address, or choose a file.",
    );
  }
  try {
    // What the model is to hear is what was said, not what a telephone makes of it.
    const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false };
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (e) {
    throw new Problem(REFUSALS[e.name] ?? `The microphone cannot be used: ${e.message}`);
  }
}

const REFUSALS = {
  NotAllowedError:
    "The browser was told not to give the microphone to this page. Allow it beside the address, then try again; or choose a file.",
  NotFoundError: "There is no microphone. Connect one, or choose a file.",
  NotReadableError:
    "The microphone does not answer. Another program may be using it: close that, then try again.",
};

// At the rate that models hear, where the browser can; the server takes any.
function joined(stream) {
  const context = new AudioContext({ sampleRate: RATE_HZ });
  try {
    return [context, context.createMediaStreamSource(stream)];
  } catch {
    context.close(); // Firefox keeps to the rate of the device
    const other = new AudioContext();
    return [other, other.createMediaStreamSource(stream)];
  }
}
