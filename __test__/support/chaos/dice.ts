// A seeded random number generator.

import { createHash } from "node:crypto";

export class Dice {
  readonly #seed: string;
  #state: number;

  constructor(seed: string) {
    this.#seed = seed;
    // Such a generator never leaves the state zero.
    this.#state = createHash("sha256").update(seed).digest().readInt32LE() || 1;
  }

  /** Independent dice for a part, so that parts do not affect each other. */
  for(part: string | number): Dice {
    return new Dice(`${this.#seed}/${part}`);
  }

  /** From 0 up to 1: Marsaglia's xorshift generator of 32 bits. */
  throw(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.throw() * (most - least + 1));
  }

  /** A whole number from `least` to `most`, the small ones more often. */
  small(least: number, most: number): number {
    return least + Math.floor(this.throw() ** 3 * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.throw() < probability;
  }

  one<T>(items: readonly T[]): T {
    return items[this.whole(0, items.length - 1)] as T;
  }

  /** Each of the items with the same probability. */
  some<T>(items: readonly T[], probability = this.throw()): T[] {
    return items.filter(() => this.chance(probability));
  }
}
