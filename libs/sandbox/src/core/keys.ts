import { hashAt, hashText } from './random.ts';

/** Upstream keys that tell their number: no table is kept, and a key that was never issued is recognised as such. */
export interface Keys {
  keyOf(value: number): string;
  /** undefined: no such key was ever made here. */
  valueOf(key: string): number | undefined;
}

const half = 0x100_0000; // 24 bits: a value is 48 bits, two halves
const digits = 12; // hex digits that hold the value

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0').slice(-length);
}

/** The digits that only the seed and the value decide; they also hide the value, so that keys look random. */
function checkDigits(seed: number, value: number, length: number): string {
  let text = '';
  for (let part = 0; text.length < length; part += 1) text += hex(hashAt(seed + part * 0x3c6ef372, value), 8);
  return text.slice(0, length);
}

function hide(seed: number, value: number, check: string): number {
  const high = Math.floor(value / half) ^ (hashText(`${seed}h${check}`) & 0xff_ffff);
  const low = (value % half) ^ (hashText(`${seed}l${check}`) & 0xff_ffff);
  return high * half + low;
}

/** Lower-case hex of `length` digits (16 or more) behind an optional prefix, for values 0..2^48-1. */
export function hexKeys(seed: number, length: number, prefix = ''): Keys {
  return sealedKeys(prefix, length, (value) => checkDigits(seed, value, length - digits), seed, {
    write: (text) => text,
    read: (text) => text,
  });
}

/** UUIDs, version 4 in form, for values 0..2^48-1. */
export function uuidKeys(seed: number): Keys {
  const check = (value: number): string => {
    const text = checkDigits(seed, value, 20);
    const variant = '89ab'[Number.parseInt(text.slice(4, 5), 16) % 4];
    return `4${text.slice(1, 4)}${variant}${text.slice(5)}`;
  };
  return sealedKeys('', 32, check, seed, {
    write: (text) =>
      `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`,
    read: (text) => (/^.{8}-.{4}-.{4}-.{4}-.{12}$/.test(text) ? text.replaceAll('-', '') : ''),
  });
}

interface Form {
  write(digits: string): string;
  read(key: string): string;
}

function sealedKeys(
  prefix: string,
  length: number,
  check: (value: number) => string,
  seed: number,
  form: Form,
): Keys {
  const keyOf = (value: number): string => {
    const tail = check(value);
    return prefix + form.write(hex(hide(seed, value, tail), digits) + tail);
  };
  const read = (key: string): number | undefined => {
    if (!key.startsWith(prefix)) return undefined;
    const text = form.read(key.slice(prefix.length));
    if (text.length !== length || !/^[0-9a-f]+$/.test(text)) return undefined;
    const value = hide(seed, Number.parseInt(text.slice(0, digits), 16), text.slice(digits));
    return keyOf(value) === key ? value : undefined;
  };
  return { keyOf, valueOf: read };
}
