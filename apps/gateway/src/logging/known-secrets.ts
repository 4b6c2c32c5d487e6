import { LRUCache } from 'lru-cache';
import { SecretIndex } from './secret-index.ts';

/** How many tokens are kept for each owner: the one in use, and the ones that calls under way may still carry. */
const passingSecrets = 3;
/** Owners of passing secrets; whoever has not passed one for longest is forgotten. */
const passingOwners = 10_000;
/** Secrets of owners that are gone: what they had under way may still speak of them. */
const lateSecrets = 1_000;
/** Settings of one owner that are kept: those in use, and those before. */
const generations = 2;

/** Every secret that must not be seen, by how long it may turn up. */
export class KnownSecrets {
  readonly #index = new SecretIndex();
  readonly #held = new Map<string, (readonly string[])[]>();
  readonly #late = new LRUCache<string, true>({
    max: lateSecrets,
    dispose: (_, secret) => this.#index.remove(secret),
  });
  readonly #passing = new LRUCache<string, readonly string[]>({
    max: passingOwners,
    dispose: (secrets) => {
      for (const secret of secrets) this.#index.remove(secret);
    },
  });

  /** As long as the process lasts. */
  add(secret: string): void {
    this.#index.add(secret);
  }

  /** Until their owner lets go of them, and somewhat longer. What it held before is held on to once more. */
  hold(owner: string, secrets: readonly string[]): void {
    const [latest, ...older] = this.#held.get(owner) ?? [];
    if (latest && latest.join('\0') === secrets.join('\0')) return;
    for (const secret of secrets) this.#index.add(secret);
    const all = [secrets, ...(latest ? [latest, ...older] : [])];
    this.#held.set(owner, all.slice(0, generations));
    for (const secret of all.slice(generations).flat()) this.#retire(secret);
  }

  release(owner: string): void {
    for (const secret of (this.#held.get(owner) ?? []).flat()) this.#retire(secret);
    this.#held.delete(owner);
  }

  /** For secrets that others will follow: only the latest few of each owner are remembered. */
  pass(owner: string, secret: string): void {
    const known = this.#passing.get(owner) ?? [];
    if (known.includes(secret)) return;
    const secrets = [...known, secret].slice(-passingSecrets);
    for (const one of secrets) this.#index.add(one);
    this.#passing.set(owner, secrets); // disposes of those before, each counted once
  }

  /** Puts `instead` for every stretch of the text that is one of them. */
  cover(text: string, instead: string): string {
    return this.#index.cover(text, instead);
  }

  /** Whether a text of that length can hold none. */
  isTooShort(text: string): boolean {
    return text.length < this.#index.shortest;
  }

  #retire(secret: string): void {
    if (this.#late.has(secret)) this.#index.remove(secret);
    else this.#late.set(secret, true);
  }
}
