// Takes the sound of a microphone as 16-bit samples, in pieces of 40 ms.
const PIECE_SECONDS = 0.04;

class Taker extends AudioWorkletProcessor {
  piece = this.empty();
  filled = 0;

  empty() {
    return new Int16Array(Math.round(sampleRate * PIECE_SECONDS));
  }

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.piece[this.filled++] = 32767 * Math.max(-1, Math.min(1, sample));
      if (this.filled === this.piece.length) this.pass();
    }
    return true;
  }

  pass() {
    this.port.postMessage(this.piece, [this.piece.buffer]);
    this.piece = this.empty();
    this.filled = 0;
  }
}

registerProcessor("taker", Taker);
