import { Injectable } from '@nestjs/common';

/** The address under which callers know the gateway, without a slash at its end: FLEETGATE_PUBLIC_URL, else where it listens. */
@Injectable()
export class PublicUrl {
  #listening: string | undefined;

  constructor(private readonly configured: string | null) {}

  get value(): string {
    const value = this.configured ?? this.#listening;
    if (value === undefined) throw new Error('the gateway does not listen yet');
    return value;
  }

  /** To be told where the server listens: the port may have been any free one. */
  listensAt(url: string): void {
    this.#listening = url;
  }
}
