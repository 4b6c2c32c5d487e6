/** What the benchmarks print: a title, and rows of name, figure, and what was asked for. */
export function title(text) {
  process.stdout.write(`\n${text}\n${'─'.repeat(text.length)}\n`);
}

export function row(name, figure, asked = '') {
  process.stdout.write(`  ${name.padEnd(54)} ${figure.padStart(22)}  ${asked}\n`);
}

export const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const ms = (value) => `${number(value, value < 10 ? 2 : 0)} ms`;
export const ratio = (value) => `${number(value, 2)} ×`;
