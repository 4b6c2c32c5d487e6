import { Fault } from '@fleetgate/model';
import { createLogger, type LoggerOptions } from '../../src/logging/logger.ts';
import { NestLogger } from '../../src/logging/nest-logger.ts';
import { Redaction } from '../../src/logging/redaction.ts';

const apiKey = 'fm_key_0f3c1a7e9b';
const awkward = 'p"ss\\w/rd &1+=ü';

function logging(options: Partial<LoggerOptions> = {}) {
  const written: string[] = [];
  const redaction = new Redaction();
  redaction.add(apiKey);
  redaction.add(awkward);
  const logger = createLogger({
    level: 'trace',
    role: 'api',
    pretty: false,
    redaction,
    destination: { write: (line) => void written.push(line) },
    ...options,
  });
  return {
    logger,
    redaction,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('a line', () => {
  it('is one JSON object that says when, how grave, who and what', () => {
    const { logger, lines } = logging();
    logger.info({ requestId: 'r-1', ms: 1.5, principal: null }, 'request');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: 'fleetgate',
        role: 'api',
        requestId: 'r-1',
        ms: 1.5,
        principal: null,
        msg: 'request',
      },
    ]);
  });

  it('is written from its level on', () => {
    const { logger, lines } = logging({ level: 'warn' });
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level](level);
    expect(lines().map(({ msg }) => msg)).toEqual(['warn', 'error', 'fatal']);
  });

  it('is never written at silent', () => {
    const { logger, text } = logging({ level: 'silent' });
    logger.fatal('nothing');
    expect(text()).toBe('');
  });

  it('stays one line whatever is in it', () => {
    const { logger, lines } = logging();
    logger.info({ text: 'a\nb\u2028c', big: 10n ** 20n, list: [undefined, Number.NaN] }, 'with\nbreaks');
    logger.info('only a message');
    logger.info({}, 'no facts');
    logger.info(new Error('only an error'));
    expect(lines()).toHaveLength(4);
    expect(lines()[3]).toMatchObject({ msg: 'only an error', err: { type: 'Error' } });
  });

  it('for people holds the same, in colour and without the repetitions', () => {
    const { logger, text } = logging({ pretty: true });
    logger.info({ connection: 'fm', apiKey: 'whatever' }, `with ${apiKey}`);
    expect(text()).toContain('INFO');
    expect(text()).toContain('[redacted]');
    expect(text()).not.toMatch(/whatever|fm_key_|"service"/);
  });
});

describe('under a name that speaks of a secret', () => {
  it.each([
    'apiKey',
    'api_key',
    'API-KEY',
    'authorization',
    'Proxy-Authorization',
    'set-cookie',
    'password',
    'dbPasswd',
    'passphrase',
    'clientSecret',
    'accessToken',
    'refresh_token',
    'private_key',
    'credentials',
    'kubeconfig',
  ])('%s is left out, at any depth', (name) => {
    const { logger, text, lines } = logging();
    const deep = { a: [{ b: { c: { d: [{ [name]: 'left-out' }] } } }] };
    logger.info({ [name]: 'left-out', deep, headers: new Map([[name, 'left-out']]) }, 'with secrets');
    expect(lines()).toHaveLength(1);
    expect(text()).not.toContain('left-out');
    expect(text().match(/\[redacted\]/g)).toHaveLength(3);
  });

  it('whole objects and lists are left out', () => {
    const { logger, text } = logging();
    logger.info({ credentials: { user: 'left-out' }, tokens: ['left-out'] }, 'with secrets');
    expect(text()).not.toContain('left-out');
  });

  it('what tells nothing is shown: whether there is one', () => {
    const { logger, lines } = logging();
    logger.info({ hasToken: true, password: null, apiKey: '' }, 'of secrets');
    expect(lines()[0]).toMatchObject({ hasToken: true, password: null, apiKey: '' });
  });

  it('innocent names are shown', () => {
    const { logger, lines } = logging();
    logger.info({ rootKeyFile: '/data/root.key', key: 'k', author: 'a', passed: 3 }, 'innocent');
    expect(lines()[0]).toMatchObject({ rootKeyFile: '/data/root.key', key: 'k', author: 'a', passed: 3 });
  });
});

describe('a known secret', () => {
  const places: Record<string, (logger: ReturnType<typeof logging>['logger'], secret: string) => void> = {
    'in a message': (logger, secret) => logger.info(`calling with ${secret}, again ${secret}`),
    'in the arguments of a message': (logger, secret) =>
      logger.info({ n: 1 }, 'calling %s %j', secret, { secret }),
    'in a flat value': (logger, secret) => logger.info({ reason: `refused ${secret}` }, 'text'),
    'deep in a value': (logger, secret) => logger.info({ a: { b: [{ c: `x${secret}x` }] } }, 'text'),
    'in a name': (logger, secret) => logger.info({ seen: { [secret]: 1 } }, 'text'),
    'in an error, its message and stack': (logger, secret) => logger.error(new Error(`refused ${secret}`)),
    'in an error under err': (logger, secret) =>
      logger.error({ err: new Error(`refused ${secret}`) }, 'failed'),
    'in the causes of an error': (logger, secret) =>
      logger.error(
        { err: new Fault('unavailable', 'outer', { cause: new Error('mid', { cause: new Error(secret) }) }) },
        'failed',
      ),
    'in the errors of an aggregate': (logger, secret) =>
      logger.error({ err: new AggregateError([new Error(secret)], 'all failed') }, 'failed'),
    'in the code of an error': (logger, secret) =>
      logger.error({ err: Object.assign(new Error('x'), { code: secret }) }, 'failed'),
    'in a Set, a Map or a URL': (logger, secret) =>
      logger.info(
        {
          set: new Set([secret]),
          map: new Map([['a', secret]]),
          url: new URL(`http://h/?k=${encodeURIComponent(secret)}`),
        },
        'x',
      ),
    'in what makes its own JSON': (logger, secret) =>
      logger.info({ own: { toJSON: () => ({ a: secret }) } }, 'x'),
    'inside of a JSON text': (logger, secret) => logger.info({ body: JSON.stringify({ a: secret }) }, 'x'),
    'in the bytes of a buffer': (logger, secret) => logger.info({ bytes: Buffer.from(secret) }, 'x'),
    'in the bindings of a child': (logger, secret) =>
      logger.child({ note: `is ${secret}`, password: 'p' }).info('x'),
    'in the bindings of a child with options': (logger, secret) =>
      logger.child({ note: secret }, { level: 'trace' }).info('x'),
    'in the bindings of a grandchild': (logger, secret) =>
      logger
        .child({ a: 1 })
        .child({ deep: { note: secret } })
        .info('x'),
    'in what a child says': (logger, secret) => logger.child({ a: 1 }).info({ b: secret }, `and ${secret}`),
    'in bindings that are set later': (logger, secret) => {
      const child = logger.child({});
      child.setBindings({ note: secret });
      child.info('x');
    },
  };

  it.each(
    Object.keys(places).flatMap((place) => [
      [place, apiKey],
      [place, awkward],
    ]),
  )('%s is left out (%s)', (place, secret) => {
    const { logger, text, lines } = logging();
    places[place]?.(logger, secret);
    expect(lines()).toHaveLength(1);
    const spoken = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
    for (const spelling of spoken) {
      expect(text()).not.toContain(spelling);
      expect(text()).not.toContain(JSON.stringify(spelling).slice(1, -1));
      expect(text()).not.toContain(Buffer.from(secret).join(','));
    }
  });

  it('that is part of another leaves nothing of the other behind', () => {
    const { logger, redaction, lines } = logging();
    redaction.add('abcdef');
    redaction.add('abcdefghijkl');
    logger.info('is abcdefghijkl');
    expect(lines()[0]).toMatchObject({ msg: 'is [redacted]' });
  });

  it('that passes is forgotten when enough others have followed, so that memory stays bounded', () => {
    const { logger, redaction, lines } = logging();
    for (let n = 100; n < 110; n++) redaction.addPassing('palette-eu', `session-${n}`);
    logger.info('session-100 session-107 session-108 session-109');
    expect(lines()[0]).toMatchObject({ msg: 'session-100 [redacted] [redacted] [redacted]' });
  });

  it('of a few characters is none: it would blot out every line', () => {
    const { logger, redaction, lines } = logging();
    redaction.add('');
    redaction.add('a');
    logger.info('all as it was');
    expect(lines()[0]).toMatchObject({ msg: 'all as it was' });
  });
});

describe('what is too much', () => {
  it('is cut: circles, depth, breadth and length', () => {
    const { logger, text, lines } = logging();
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    const wide = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`k${index}`, { a: { b: 1 } }]),
    );
    logger.info({ circle, wide, long: 'x'.repeat(1_000_000) }, 'too much');
    expect(lines()).toHaveLength(1);
    expect(text().length).toBeLessThan(200_000);
  });

  it('does not take the writer with it when it cannot be read', () => {
    const { logger, lines } = logging();
    const mine = {
      get trap(): never {
        throw new Error('trapped');
      },
    };
    logger.info(
      {
        mine,
        own: {
          toJSON: () => {
            throw new Error('trapped');
          },
        },
        fine: 1,
      },
      'x',
    );
    expect(lines()[0]).toMatchObject({ mine: '[unreadable]', own: '[unreadable]', fine: 1 });
  });

  it("leaves the caller's own object as it was", () => {
    const { logger } = logging();
    const facts = { password: 'p', deep: { token: 't' } };
    logger.info(facts, 'x');
    expect(facts).toEqual({ password: 'p', deep: { token: 't' } });
  });
});

describe('Nest', () => {
  it('speaks through the one logger, its routine at debug', () => {
    const { logger, lines } = logging();
    const nest = new NestLogger(logger);
    nest.log('Mapped {/v1/clusters, GET} route', 'RouterExplorer');
    nest.warn('careful', 'Here');
    nest.error('it broke', 'Error: it broke\n    at somewhere (file.ts:1:1)', 'ExceptionsHandler');
    nest.error(new Error(`with ${apiKey}`), 'ExceptionsHandler');
    nest.fatal({ not: 'a text' });
    nest.verbose('fine', 'Detail');
    expect(lines()).toMatchObject([
      { level: 'debug', context: 'RouterExplorer', msg: 'Mapped {/v1/clusters, GET} route' },
      { level: 'warn', context: 'Here', msg: 'careful' },
      {
        level: 'error',
        context: 'ExceptionsHandler',
        msg: 'it broke',
        stack: expect.stringContaining('file.ts:1:1'),
      },
      {
        level: 'error',
        context: 'ExceptionsHandler',
        msg: 'with [redacted]',
        err: { message: 'with [redacted]' },
      },
      { level: 'fatal', msg: '{"not":"a text"}' },
      { level: 'trace', context: 'Detail', msg: 'fine' },
    ]);
  });
});
