// Steps that print one line each, and the few comparisons the steps use.

import { isDeepStrictEqual } from 'node:util';

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
export const DATETIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/;
export const TOKEN = /^00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?![A-Za-z0-9_.]+$/;

// A step found something other than what it expects.
class Failed extends Error {}

export class Suite {
  constructor(client, transport) {
    this.client = client;
    this.transport = transport;
    this.passed = 0;
    this.failed = 0;
    // Bound, so that the parts can take it by itself.
    this.step = this.step.bind(this);
  }

  // Runs one step, prints its line, counts it.
  async step(name, run) {
    const label = `${this.passed + this.failed + 1} ${this.client} ${this.transport} - ${name}`;
    try {
      await run();
      this.passed += 1;
      console.log(`ok ${label}`);
    } catch (error) {
      this.failed += 1;
      let reason = String(error?.message ?? error).replace(/\s+/g, ' ').trim();
      if (!(error instanceof Failed)) {
        reason = `${error?.name}: ${reason} (${String(error?.stack).match(/[a-z]+\.mjs:\d+/)?.[0] ?? 'inside the client'})`;
      }
      console.log(`not ok ${label}: ${reason.slice(0, 900)}`);
    }
  }

  // Prints the closing line; answers the exit code.
  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    return this.failed ? 1 : 0;
  }
}

// A short name that no earlier run on the same server has used.
export const runName = () => `j${Date.now().toString(36)}`;

const show = (value) => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 360 ? text : `${text.slice(0, 360)}…`;
};

export function check(truth, what) {
  if (!truth) throw new Failed(typeof what === 'string' ? what : show(what));
}

// Fails unless both are equal; key order is not compared.
export function equal(actual, expected, what = 'value') {
  if (!isDeepStrictEqual(actual, expected)) throw new Failed(`${what}: got ${show(actual)}, expected ${show(expected)}`);
}

// Fails unless both are the same JSON, key order included.
export function same(actual, expected, what = 'body') {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Failed(`${what}: got ${show(actual)}, expected ${show(expected)}`);
  }
}

// Fails unless the call is refused with this error code, message and data (each where given); answers the error.
export async function refused(call, code, message, data) {
  let result;
  try {
    result = await call();
  } catch (error) {
    if (code !== undefined) {
      equal(error.errorCode ?? error.name, code, `code (message: ${error.message})`);
      equal(error.name, code, 'name');
    }
    if (message !== undefined) {
      if (message instanceof RegExp) check(message.test(error.message), `message: ${show(error.message)}`);
      else equal(error.message, message, 'message');
    }
    if (data !== undefined) same(error.data, data, 'data');
    return error;
  }
  throw new Failed(`answered ${show(result)}, expected ${code ?? 'a refusal'}`);
}

// Fails unless the value is an 18-character id with this key prefix and a right checksum.
export function goodId(value, prefix) {
  check(typeof value === 'string' && /^[A-Za-z0-9]{18}$/.test(value), `not an 18-character id: ${show(value)}`);
  check(value.startsWith(prefix), `id ${value} lacks the key prefix ${prefix}`);
  const suffix = [0, 5, 10]
    .map((start) => [...value.slice(start, start + 5)].reduce((bits, c, place) => bits + (/[A-Z]/.test(c) ? 1 << place : 0), 0))
    .map((bits) => ID_ALPHABET[bits])
    .join('');
  equal(value.slice(15), suffix, `checksum of ${value}`);
}

// Runs `work` for 0..count, at most `width` at a time; answers the results in order.
export async function pool(count, width, work) {
  const results = new Array(count);
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const number = next;
      next += 1;
      results[number] = await work(number);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}
