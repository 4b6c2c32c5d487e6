import { generousLimits } from '../e2e/stack.ts';
import { Browser } from './browser.ts';
import { authorizeUrl, back, type Client } from './flow.ts';
import { type Gateways, startGateways } from './gateways.ts';

let gateways: Gateways;
let client: Client;
let ada: { id: string; name: string; password: string };
let browser: Browser;
beforeAll(async () => {
  gateways = await startGateways(1);
  ada = { name: 'ada', ...(await gateways.addUser('ada', { edge: 'developer' })) };
  client = await gateways.addClient({
    name: '<Board> & "friends"',
    redirect_uris: [back],
    scopes: ['read', 'clusters:kubeconfig'],
  });
});
afterAll(() => gateways?.close());
beforeEach(() => {
  browser = new Browser(gateways.url);
});
afterEach(() => browser.close());

const mine = () => ({ user_name: 'ada', password: ada.password });
const open = (changes = {}) => browser.get(authorizeUrl(gateways, client, changes));
const session = () => browser.cookies.get('fleetgate_session')?.value;

describe('the page that asks for a password', () => {
  it('needs no script, has a label for each field, and may not be framed', async () => {
    const page = await open();
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/<script|onclick|javascript:/i);
    expect(page.text).toMatch(/<html lang="en">/);
    for (const field of ['user_name', 'password']) {
      expect(page.text).toContain(`<label for="${field}">`);
      expect(page.text).toMatch(new RegExp(`<input id="${field}" name="${field}"`));
    }
    const policy = page.headers['content-security-policy'];
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).toMatch(/form-action 'self' https:\/\/board\.example\.com;/);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' });
    expect(page.headers['x-request-id']).toEqual(expect.any(String));
  });

  it('writes the name of the client as text', async () => {
    const page = await open();
    expect(page.text).toContain('&lt;Board&gt; &amp; &quot;friends&quot;');
    expect(page.text).not.toContain('<Board>');
  });

  it('says the same of a wrong password and of a name that nobody has', async () => {
    const complaints: string[] = [];
    for (const values of [
      { user_name: 'ada', password: 'wrong' },
      { user_name: 'nobody', password: 'wrong' },
    ]) {
      const page = await browser.submit(await open(), '/login', values);
      expect(page.status).toBe(422);
      complaints.push(/role="alert"[^>]*>([^<]+)</.exec(page.text)?.[1] ?? '');
      expect(page.text).not.toContain('value="wrong"');
    }
    expect(new Set(complaints)).toEqual(new Set(['User name or password is wrong.']));
  });

  it('lets nobody guess on and on', async () => {
    await gateways.addUser('guessed', { edge: 'viewer' });
    let page = await open();
    for (let attempt = 0; page.status !== 429; attempt += 1) {
      expect(attempt).toBeLessThan(10);
      page = await browser.submit(page, '/login', { user_name: 'guessed', password: `guess ${attempt}` });
    }
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    expect(page.text).toContain('Too many attempts');
    expect(page.forms).toHaveLength(2);
    const [{ n } = { n: 0 }] = await gateways.query(
      `SELECT count(*)::int AS n FROM audit WHERE action = 'login' AND outcome = 'refused'`,
    );
    expect(n).toBeGreaterThan(3);
  });

  it('takes another try after a wrong password', async () => {
    const again = await browser.submit(await open(), '/login', { user_name: 'ada', password: 'wrong' });
    expect((await browser.submit(again, '/login', mine())).text).toContain('Allow');
  });

  it('leads back to the client when it is cancelled', async () => {
    const { url } = await browser.submit(await open(), '/cancel');
    expect(url).toMatch(/^https:\/\/board\.example\.com\/back\?error=access_denied/);
    expect(new URL(url).searchParams.get('state')).toBe('some-state');
  });

  it('is not asked for a second time within a session, and is asked for with prompt=login', async () => {
    await browser.submit(await browser.submit(await open(), '/login', mine()), '/confirm');
    expect((await open()).url).toMatch(/^https:\/\/board\.example\.com\/back\?code=/);
    expect((await open({ prompt: 'login' })).text).toContain('<label for="password">');
    expect((await open({ prompt: 'none' })).url).toMatch(/\?code=/);
  });
});

describe('a form that we have not shown', () => {
  it('is refused without its token, or with that of another login', async () => {
    const page = await open();
    const [other, stranger] = [new Browser(gateways.url), new Browser(gateways.url)];
    const theirs = await other.get(authorizeUrl(gateways, client));
    const csrf = theirs.forms[0]?.fields['csrf'] as string;
    for (const values of [{ csrf: '' }, { csrf }, { csrf: 'x'.repeat(43) }]) {
      const answer = await browser.submit(page, '/login', { ...mine(), ...values });
      expect(answer.status).toBe(403);
      expect(answer.headers['content-type']).toMatch(/^text\/html/);
    }
    // The right token, from a browser that has no such login under way.
    expect((await stranger.submit(page, '/login', mine())).status).toBe(400);
    await other.close();
    await stranger.close();
  });

  it('is refused when it comes from another site', async () => {
    const page = await open();
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign) {
      expect((await browser.submit(page, '/login', mine(), headers)).status).toBe(403);
    }
    expect((await browser.submit(page, '/login', mine())).status).toBe(200);
  });

  it('cannot confirm what was never asked, and cannot be sent twice', async () => {
    const login = await open();
    const form = {
      action: login.forms[0]?.action.replace('/login', '/confirm') ?? '',
      fields: login.forms[0]?.fields ?? {},
    };
    expect((await browser.submit({ ...login, forms: [form] }, '/confirm')).status).toBe(400);
    const consent = await browser.submit(login, '/login', mine());
    await browser.submit(consent, '/confirm');
    const again = await browser.submit(consent, '/confirm');
    expect(again.status).toBe(400);
    expect(again.text).toContain('took too long');
  });
});

describe('the session of a browser', () => {
  it('gets another id when somebody signs in, also over the session of somebody else, which ends', async () => {
    const eve = await gateways.addUser('eve', { edge: 'viewer' });
    await browser.submit(await open(), '/login', { user_name: 'eve', password: eve.password });
    const planted = session();
    expect(planted).toBeDefined();
    const thief = new Browser(gateways.url);
    thief.cookies.set('fleetgate_session', { value: planted as string, path: '/' });

    const asked = await browser.submit(await open({ prompt: 'login' }), '/login', mine());
    const consent = await browser.submit(asked, '/oauth/logout/confirm'); // eve's session ends first
    expect(consent.text).toContain('signed in as <strong>ada</strong>');
    expect(session()).toBeDefined();
    expect(session()).not.toBe(planted);
    expect((await thief.get(authorizeUrl(gateways, client))).text).toContain('<label for="password">');
    await thief.close();
  });

  it('cannot be planted', async () => {
    browser.cookies.set('fleetgate_session', { value: 'chosen-by-somebody-else', path: '/' });
    await browser.submit(await open(), '/login', mine());
    expect(session()).not.toBe('chosen-by-somebody-else');
  });

  it('is in a cookie that no script reads and no other site sends, and in no other form', async () => {
    const answer = await gateways.ask(authorizeUrl(gateways, client).slice(gateways.url.length));
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    expect(cookies.length).toBeGreaterThan(2);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; httponly/i);
      expect(cookie).toMatch(/; samesite=lax/i);
    }
    expect(answer.headers['location']).toMatch(/^\/oauth\/interaction\//);
    await browser.submit(await open(), '/login', mine());
    const stored = JSON.stringify(
      await gateways.query("SELECT id, encode(payload, 'escape') AS p FROM oauth_artifact"),
    );
    expect(stored).not.toContain(session());
    expect(stored).not.toContain(ada.id);
  });

  it('ends when its user signs out, together with what clients may do meanwhile', async () => {
    await browser.submit(await browser.submit(await open(), '/login', mine()), '/confirm');
    const page = await browser.get(`${gateways.url}/oauth/logout`);
    expect(page.text).not.toMatch(/<script/);
    const done = await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    expect(done.text).toContain('You are signed out');
    expect((await open()).text).toContain('<label for="password">');
  });
});

describe('the page that asks for consent', () => {
  it('says who asks for what, in words, and marks what is powerful', async () => {
    const consent = await browser.submit(await open({ scope: 'read clusters:kubeconfig' }), '/login', mine());
    expect(consent.text).toContain('&lt;Board&gt;');
    expect(consent.text).toContain('signed in as <strong>ada</strong>');
    expect(consent.text).toMatch(/<li>see projects, deployments, clusters[^<]*<\/li>/);
    expect(consent.text).toMatch(/<li>get the credentials of clusters <span class="mark">powerful/);
    expect(consent.text).toContain('https://board.example.com');
  });

  it('is noted in the audit, with who signed in', async () => {
    await browser.submit(await browser.submit(await open(), '/login', mine()), '/confirm');
    const rows = await gateways.query(
      `SELECT action, actor_id, outcome, detail->>'client' AS client FROM audit ORDER BY seq DESC LIMIT 2`,
    );
    const done = { actor_id: ada.id, outcome: 'done', client: client.id };
    expect(rows).toEqual([
      { ...done, action: 'oauth.consent' },
      { ...done, action: 'login' },
    ]);
  });

  it('comes again when more is asked for', async () => {
    await browser.submit(
      await browser.submit(await open({ scope: 'clusters:read' }), '/login', mine()),
      '/confirm',
    );
    const more = await open({ scope: 'clusters:read projects:read' });
    expect(more.text).toContain('see projects');
    expect((await browser.submit(more, '/confirm')).url).toMatch(/\?code=/);
  });
});

describe('where a browser is sent', () => {
  it.each([
    ['another host', 'https://evil.example/back'],
    ['another path', `${back}/more`],
    ['another query', `${back}?next=https://evil.example`],
    ['another scheme', 'http://board.example.com/back'],
    ['a port', 'https://board.example.com:444/back'],
    ['a name before it', 'https://board.example.com@evil.example/back'],
    ['letters of another case', 'https://board.example.com/BACK'],
    ['a script', 'javascript:alert(1)'],
  ])('is never %s', async (_, redirect_uri) => {
    const page = await open({ redirect_uri });
    expect(page.url.startsWith(gateways.url)).toBe(true);
    expect(page.status).toBe(400);
    expect(page.text).toContain('has not registered');
    expect(page.forms).toEqual([]);
  });

  it('may be told to send the code by a form, which is no script of anybody else', async () => {
    await browser.submit(await browser.submit(await open(), '/login', mine()), '/confirm');
    const page = await open({ response_mode: 'form_post' });
    expect(page.forms[0]).toMatchObject({
      action: back,
      fields: { code: expect.any(String), state: 'some-state' },
    });
    const policy = page.headers['content-security-policy'] as string;
    expect(policy).toMatch(/script-src 'self' 'sha256-[\w+/=]+'/);
    expect(policy).not.toMatch(/form-action|unsafe-inline/);
    expect(page.text).toContain('<noscript>');
  });

  it('is named by every client that asks', async () => {
    expect((await open({ redirect_uri: undefined })).status).toBe(400);
  });

  it('is not told by Host, X-Forwarded-Host or the request line', async () => {
    const path = authorizeUrl(gateways, client).slice(gateways.url.length);
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    };
    const { headers: got } = await gateways.ask(path, { headers });
    expect(got['location']).toMatch(/^\/oauth\/interaction\//);
    const { body } = await gateways.ask('/.well-known/openid-configuration', { headers });
    expect(JSON.stringify(body)).not.toContain('evil.example');
    expect(body['token_endpoint']).toBe(`${gateways.url}/oauth/token`);
  });

  it('is an error page for a client that is not known', async () => {
    const page = await open({ client_id: 'client_nobody' });
    expect(page.status).toBe(400);
    expect(page.text).toContain('is not known');
    expect(page.headers['content-security-policy']).toMatch(/frame-ancestors 'none'/);
  });
});

describe('behind a proxy, below a path, over TLS', () => {
  const publicUrl = 'https://corp.example/fleetgate';
  let hidden: Gateways;
  afterAll(() => hidden?.close());

  it('everything is named as it is seen from outside, and cookies travel over TLS alone', async () => {
    const address = { limit: 3, windowSeconds: 60 };
    hidden = await startGateways(1, { publicUrl, limits: { ...generousLimits, address } });
    const { body } = await hidden.ask('/.well-known/oauth-authorization-server');
    expect(body).toMatchObject({
      issuer: publicUrl,
      authorization_endpoint: `${publicUrl}/oauth/authorize`,
      token_endpoint: `${publicUrl}/oauth/token`,
      jwks_uri: `${publicUrl}/oauth/jwks`,
    });
    const own = await hidden.addClient({ name: 'Board', redirect_uris: [back], scopes: ['read'] });
    const { headers } = await hidden.ask(authorizeUrl(hidden, own).slice(hidden.url.length));
    expect(headers['location']).toMatch(/^\/fleetgate\/oauth\/interaction\//);
    const cookies = [headers['set-cookie'] ?? []].flat();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatch(/; path=\/fleetgate\/oauth\/.*; secure/i);
    // The proxy takes the path off.
    const cookie = cookies.map((line) => line.split(';', 1)[0]).join('; ');
    const page = await hidden.ask((headers['location'] as string).slice('/fleetgate'.length), {
      headers: { cookie },
    });
    expect(page.text).toMatch(/<form method="post" action="\/fleetgate\/oauth\/interaction\/[\w-]+\/login">/);
  });

  it('one address may try so often: programs are told in the words of OAuth, people by a page', async () => {
    await hidden.ask('/oauth/token', { method: 'POST' });
    await hidden.ask('/oauth/token', { method: 'POST' });
    const refused = await hidden.ask('/oauth/token', { method: 'POST' });
    expect(refused).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const person = await hidden.ask('/oauth/authorize');
    expect(person.status).toBe(429);
    expect(person.headers['content-type']).toMatch(/^text\/html/);
  });
});
