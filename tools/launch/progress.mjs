const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 90;

/** Wraps text in colours where the stream is a terminal that wants them. */
export function painter(stream, env) {
  const on = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const paint = (code) => (text) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), cyan: paint(36) };
}

/** One line per step: a spinner with what it does on a terminal, plain lines elsewhere. One step at a time. */
export class Progress {
  #stream;
  #paint;
  #live;
  #step;

  constructor(stream, env) {
    this.#stream = stream;
    this.#paint = painter(stream, env);
    this.#live = stream.isTTY === true && env.TERM !== 'dumb' && !env.CI;
  }

  begin(name) {
    this.#step = { name, note: '', startedAt: performance.now(), frame: 0, timer: undefined };
    if (!this.#live) return;
    this.#step.timer = setInterval(() => this.#draw(), frameMs);
    this.#step.timer.unref();
    this.#draw();
  }

  /** What the step is at. `minor` is shown on a terminal only, where it is overwritten. */
  note(text, { minor = false } = {}) {
    if (this.#step === undefined || text === this.#step.note) return;
    this.#step.note = text;
    if (this.#live) this.#draw();
    else if (!minor) this.#stream.write(`  ${this.#step.name}: ${text}\n`);
  }

  done(remark = '') {
    const step = this.#end();
    if (step === undefined) return;
    const seconds = ((performance.now() - step.startedAt) / 1000).toFixed(1);
    const tail = remark === '' ? '' : `  ${remark}`;
    this.#stream.write(`${this.#paint.green('✓')} ${step.name} ${this.#paint.dim(`${seconds} s${tail}`)}\n`);
  }

  fail() {
    const step = this.#end();
    if (step !== undefined) this.#stream.write(`${this.#paint.red('✗')} ${step.name}\n`);
  }

  /** A line of its own, whatever the spinner does. */
  say(text) {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  #end() {
    const step = this.#step;
    clearInterval(step?.timer);
    this.#clear();
    this.#step = undefined;
    return step;
  }

  #clear() {
    if (this.#live) this.#stream.write('\r\u001b[2K');
  }

  #draw() {
    const step = this.#step;
    if (step === undefined) return;
    step.frame = (step.frame + 1) % frames.length;
    const room = (this.#stream.columns || 80) - step.name.length - 5;
    const note = step.note.slice(0, Math.max(0, room));
    this.#stream.write(
      `\r\u001b[2K${this.#paint.cyan(frames[step.frame])} ${step.name} ${this.#paint.dim(note)}`,
    );
  }
}
