import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { unknownVariables } from '../../../apps/gateway/src/config/variables.ts';
import { loadConfig } from '../../../apps/gateway/src/config.ts';
import { emulators } from '../../../libs/sandbox/src/emulators.ts';

const docker = join(__dirname, '../../../docker');
const chart = join(docker, 'helm/fleetgate');
const read = (...path: string[]) => readFileSync(join(docker, ...path), 'utf8');

interface Service {
  image: string;
  environment?: Record<string, string>;
  read_only?: boolean;
  user?: string;
  cap_drop?: string[];
  security_opt?: string[];
}

interface Accounts {
  connections: { slug: string; provider: string; team?: string; settings: Record<string, string> }[];
}
/** the accounts of `npm start` */
const sandboxAccounts = join(__dirname, '../../launch/sandbox.yaml');

const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> };
const gateways = Object.entries(services).filter(([, { environment }]) => environment?.['FLEETGATE_ROLE']);

/** Settings that hold something secret: they are given as files, and only so. */
const secret = /PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL/;

describe('the compose file', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetgate-stack-'));
    execFileSync(process.execPath, [join(docker, 'make-secrets.mjs'), folder]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('has two gateways and a worker', () => {
    expect(gateways.map(([name, { environment }]) => `${name} ${environment?.['FLEETGATE_ROLE']}`)).toEqual([
      'gateway-1 api',
      'gateway-2 api',
      'worker worker',
    ]);
  });

  it.each(gateways)('gives %s a configuration that it starts with', (_name, { environment = {} }) => {
    const env = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value
          .replace(/^\$\{\w+:\+(.*)\}$/, '$1') // a value for a profile
          .replace('/run/secrets', folder)
          .replace('/etc/fleetgate', docker),
      ]),
    );
    const config = loadConfig({ env, cwd: folder });
    expect(config.connections).toHaveLength(5);
    expect(config.database.url).toMatch(/^postgres:\/\/fleetgate:[\w-]{32}@database:5432\/fleetgate$/);
    expect(config.rootKey).toMatch(/^fg_root_[\w-]{43}$/);
    expect(config.rootKeyFile).toBeNull();
    expect(existsSync(config.dataDir)).toBe(false); // nothing is written: the root is read only
  });

  it('leads to the emulated platforms as `npm start` does, by another host', () => {
    const { connections } = parse(read('connections.yaml')) as Accounts;
    const { connections: local } = parse(readFileSync(sandboxAccounts, 'utf8')) as Accounts;
    const addresses = emulators.map(({ name, basePath }, at): [string, string] => [
      `\${FLEETGATE_SANDBOX_${name.toUpperCase().replaceAll('-', '_')}_URL}`,
      `http://sandbox:${8180 + at}${basePath}`,
    ]);
    const addressOf = new Map(addresses);
    const expected = local.map(({ team: _, settings, ...account }) => ({
      ...account,
      settings: { ...settings, baseUrl: addressOf.get(settings['baseUrl'] ?? '') },
    }));
    expect(new Set(connections)).toEqual(new Set(expected));
  });

  it('keeps secrets that are there', () => {
    const all = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const before = all();
    execFileSync(process.execPath, [join(docker, 'make-secrets.mjs'), folder]);
    expect(all()).toEqual(before);
    expect(new Set(before).size).toBe(4);
  });

  it.each(Object.entries(services))('holds no secret of %s', (_name, { environment = {} }) => {
    for (const [name, value] of Object.entries(environment)) {
      if (secret.test(name))
        expect([name, value]).toEqual([
          expect.stringMatching(/_FILE$/),
          expect.stringMatching(/^\/run\/secrets\//),
        ]);
    }
  });

  it.each(Object.entries(services))('lets %s write to its volumes alone', (_name, service) => {
    expect(service.read_only).toBe(true);
  });

  it('gives up what root could do, in all that is ours or faces callers', () => {
    for (const name of ['gateway-1', 'gateway-2', 'worker', 'sandbox', 'proxy']) {
      expect(services[name]).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      expect(services[name]?.user ?? '10001').not.toMatch(/^(0|root)\b/);
    }
  });
});

describe('what watches it', () => {
  const page = readFileSync(join(docker, '../docs/operating.md'), 'utf8');
  const documented = new Set([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name));
  const asks = (text: string) =>
    [...text.matchAll(/\b(?:fleetgate|process|nodejs)_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
  const { panels } = JSON.parse(read('observability/grafana/fleetgate.json')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const { groups } = parse(read('observability/alerts.yml')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it('asks for metrics that there are, on the dashboard and in alerts', () => {
    const expressions = [
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...rules.map(({ expr }) => expr.replace('up{job="fleetgate"}', '')),
    ];
    expect(expressions.length).toBeGreaterThan(20);
    expect(expressions.flatMap(asks).filter((name) => !documented.has(name))).toEqual([]);
  });

  it.each(['Traffic', 'Errors', 'Latency', 'Saturation'])('shows the %s of each connection', (signal) => {
    const panel = panels.find(({ title }) => title.startsWith(`${signal} by connection`));
    for (const { expr } of panel?.targets ?? [{ expr: 'none' }]) {
      expect(expr).toMatch(/by \([\w, ]*\bconnection\b/);
    }
  });

  it('asks every process of the compose file for its metrics', () => {
    const scraped = [...read('observability/prometheus.yml').matchAll(/([\w-]+):9464/g)].map(
      ([, name]) => name,
    );
    expect(scraped.sort()).toEqual(gateways.map(([name]) => name).sort());
    for (const [, { environment }] of gateways) expect(environment?.['FLEETGATE_METRICS_PORT']).toBe('9464');
  });
});

it('makes every image run as a user that is not root', () => {
  const stages = read('Dockerfile').split(/^(?=FROM )/m);
  const users = (name: string): string[] => {
    const stage = stages.find((text) => new RegExp(`^FROM .* AS ${name}$`, 'm').test(text)) ?? '';
    const [, base = ''] = /^FROM (\S+)/.exec(stage) ?? [];
    const inherited = stage !== '' && !base.startsWith('$') ? users(base) : [];
    return [...inherited, ...[...stage.matchAll(/^USER (.*)$/gm)].map(([, user = '']) => user)];
  };
  for (const image of ['gateway', 'sandbox']) expect(users(image).at(-1)).toMatch(/^[1-9]\d*:[1-9]\d*$/);
});

describe('the chart', () => {
  const templates = readdirSync(join(chart, 'templates'))
    .map((name) => read('helm/fleetgate/templates', name))
    .join('\n');
  const values = parse(read('helm/fleetgate/values.yaml')) as { settings: Record<string, string> };

  it('uses settings that the gateway knows', () => {
    const names = [...templates.matchAll(/name: (FLEETGATE_\w+)/g)].map(([, name = '']) => name);
    expect(names).toContain('FLEETGATE_DATABASE_URL_FILE');
    const env = Object.fromEntries(
      [...names, ...Object.keys(values.settings)].map((name) => [name, 'given']),
    );
    expect(unknownVariables(env, new Set())).toEqual([]);
  });

  it('takes secrets from a Secret, as files', () => {
    for (const [, name = '', value = ''] of templates.matchAll(/name: (FLEETGATE_\w+), value: (\S+)/g)) {
      if (secret.test(name))
        expect([name, value]).toEqual([
          expect.stringMatching(/_FILE$/),
          expect.stringMatching(/^\/run\/secrets\//),
        ]);
    }
    expect(Object.keys(values.settings).filter((name) => secret.test(name))).toEqual([]);
    expect(templates).not.toMatch(/kind: Secret$/m);
  });

  it('runs pods as the user of the image, with a read-only root and no capability', () => {
    const containers = [...templates.matchAll(/^ +containers:/gm)];
    expect(containers).toHaveLength(1); // one template for both roles
    for (const line of [
      'runAsNonRoot: true',
      'runAsUser: 10001',
      'readOnlyRootFilesystem: true',
      'allowPrivilegeEscalation: false',
      'capabilities: { drop: [ALL] }',
    ]) {
      expect(templates).toContain(line);
    }
  });
});
