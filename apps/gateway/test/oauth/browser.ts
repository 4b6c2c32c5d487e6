import { Agent, request } from 'undici';

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly forms: readonly Form[];
}

export interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A browser without JavaScript: it keeps cookies, follows redirects within the gateway, and fills in forms. */
export class Browser {
  readonly cookies = new Map<string, { value: string; path: string }>();
  readonly #agent = new Agent();

  /** `home`: the origin whose redirects are followed; one that leads elsewhere ends there, unvisited. */
  constructor(private readonly home: string) {}

  get(url: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#go('GET', url, undefined, headers);
  }

  /** Sends the form whose action ends like that, with these values in it. */
  submit(
    page: Page,
    action: string,
    values: Record<string, string> = {},
    headers: Record<string, string> = {},
  ) {
    const form = page.forms.find((one) => one.action.endsWith(action));
    if (!form) throw new Error(`no form ${action} in ${page.status} ${page.text}`);
    const body = new URLSearchParams({ ...form.fields, ...values }).toString();
    return this.#go('POST', new URL(form.action, page.url).href, body, { origin: this.home, ...headers });
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #go(
    method: string,
    url: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Page> {
    const { pathname, origin } = new URL(url);
    if (origin !== this.home) return { url, status: 0, headers: {}, text: '', forms: [] };
    const cookie = [...this.cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const response = await request(url, {
      method: method as 'GET',
      dispatcher: this.#agent,
      headers: {
        accept: 'text/html',
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.body.text();
    this.#keep([response.headers['set-cookie'] ?? []].flat());
    const { location } = response.headers;
    if (typeof location === 'string') return this.#go('GET', new URL(location, url).href, undefined, {});
    return { url, status: response.statusCode, headers: response.headers, text, forms: formsOf(text) };
  }

  #keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(/; */);
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const attribute = (wanted: string) =>
        attributes.map((one) => one.split('=')).find(([key = '']) => key.toLowerCase() === wanted)?.[1];
      const expires = attribute('expires');
      if (expires !== undefined && Date.parse(expires) <= Date.now()) this.cookies.delete(name);
      else this.cookies.set(name, { value, path: attribute('path') ?? '/' });
    }
  }
}

function formsOf(text: string): Form[] {
  return [...text.matchAll(/<form[^>]* action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].map(
    ([, action = '', inner = '']) => ({
      action: unescaped(action),
      fields: Object.fromEntries(
        [...inner.matchAll(/<input[^>]*?>/gs)].map(([input]) => [
          / name="([^"]*)"/.exec(input)?.[1] ?? '',
          unescaped(/ value="([^"]*)"/.exec(input)?.[1] ?? ''),
        ]),
      ),
    }),
  );
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
