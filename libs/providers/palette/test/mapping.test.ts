import { readFileSync } from 'node:fs';
import { recordSchemas } from '@fleetgate/model';
import type { Facet, Provider } from '@fleetgate/provider-spec';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { clusterRecord } from '../src/clusters.ts';
import { deploymentRecord } from '../src/deployments.ts';
import { palette } from '../src/index.ts';
import { projectRecord } from '../src/projects.ts';
import { isOwn } from '../src/scopes.ts';
import { Whole } from '../src/wire.ts';
import { call, plainHost } from './host.ts';

type Case = [name: string, fixture: { object: unknown; record: object }];
type State = { status: unknown; is: string; word: string };

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
const cases = (name: string): Case[] => Object.entries(fixture(name));
const states = (name: string): State[] => fixture(name);
const project = '60f1a2b3c4d5e6f708192a01';
const withStatus = (status: unknown) => Whole.parse({ metadata: { uid: 'u', name: 'n' }, status });

describe('records', () => {
  it.each(cases('projects'))('project: %s', (_name, { object, record }) => {
    const mapped = projectRecord(Whole.parse(object));
    expect(mapped).toMatchObject(record);
    expect(recordSchemas.project.parse(mapped)).toEqual(mapped);
  });
  it.each(cases('clusters'))('cluster: %s', (_name, { object, record }) => {
    const mapped = clusterRecord(project, Whole.parse(object), true);
    expect(mapped).toMatchObject(record);
    expect(recordSchemas.cluster.parse(mapped)).toEqual(mapped);
    expect(mapped.native).toEqual(object);
  });
  it.each(states('cluster-states'))('cluster $word is $is', ({ status, is, word }) => {
    const mapped = clusterRecord(project, withStatus(status), true);
    expect(mapped).toMatchObject({ status: is, native_status: word });
  });
  it.each(cases('deployments'))('deployment: %s', (_name, { object, record }) => {
    const mapped = deploymentRecord(project, Whole.parse(object));
    expect(mapped).toMatchObject(record);
    expect(recordSchemas.deployment.parse(mapped)).toEqual(mapped);
  });
  it.each(states('deployment-states'))('deployment $word is $is', ({ status, is, word }) => {
    const mapped = deploymentRecord(project, withStatus(status));
    expect(mapped).toMatchObject({ status: is, native_status: word });
  });
});

describe('scopes', () => {
  it.each([
    ['tenant', { annotations: { scope: 'tenant' } }, true],
    ['tenant', {}, true],
    ['tenant', { projectUid: project }, false],
    ['tenant', { annotations: { projectUid: project } }, false],
    ['tenant', { annotations: { scope: 'project' } }, false],
    [project, { projectUid: project }, true],
    [project, {}, true],
    [project, { projectUid: 'another' }, false],
    [project, { annotations: { scope: 'tenant' } }, false],
  ])('in %s, %j is its own: %s', (scope, belonging, own) => {
    expect(isOwn(scope, belonging)).toBe(own);
  });
});

describe('settings', () => {
  const baseUrl = 'https://palette.example.org';
  const fields = (settings: object) =>
    palette.settings.safeParse({ baseUrl, ...settings }).error?.issues.map((issue) => issue.path.join('.'));

  it('takes a key, or a login', () => {
    expect(fields({ apiKey: 'k' })).toBeUndefined();
    expect(fields({ emailId: 'a@b.c', password: 'p' })).toBeUndefined();
    expect(fields({ emailId: 'a@b.c', password: 'p', org: 'o' })).toBeUndefined();
  });
  it('names what is missing or too much', () => {
    expect(fields({})).toEqual(['apiKey']);
    expect(fields({ emailId: 'a@b.c' })).toEqual(['password']);
    expect(fields({ password: 'p' })).toEqual(['emailId']);
    expect(fields({ apiKey: 'k', emailId: 'a@b.c', password: 'p' })).toEqual(['emailId', 'password']);
    expect(fields({ apiKey: 'k', baseUrl: `${baseUrl}/v1` })).toEqual(['baseUrl']);
  });
});

describe('at an upstream', () => {
  let upstream: Upstream;
  beforeEach(async () => {
    upstream = await startUpstream('palette', { frozen: true, scale: 60 });
  });
  afterEach(() => upstream.close());

  const connect = (settings: object): Provider =>
    palette.connect(
      palette.settings.parse({ baseUrl: upstream.baseUrl, ...settings }),
      plainHost(upstream.control.clock.now),
    );
  const byKey = () => connect({ apiKey: upstream.credentials['apiKey'] });
  const paths = () => upstream.control.requests().map(({ method, path }) => `${method} ${path}`);

  async function all<R>(facet: Facet<R> | undefined): Promise<R[]> {
    const found: R[] = [];
    let cursor: string | undefined;
    do {
      const page = await facet?.list(cursor === undefined ? {} : { cursor }, call);
      found.push(...(page?.items ?? []));
      cursor = page?.next;
    } while (cursor !== undefined);
    return found;
  }

  it('counts the clusters of the tenant and of the projects once each', async () => {
    const clusters = await all(byKey().clusters);
    expect(clusters).toHaveLength(upstream.control.size('cluster'));
    expect(new Set(clusters.map(({ key }) => key[1])).size).toBe(clusters.length);
    const ofTenant = clusters.filter(({ key }) => key[0] === 'tenant');
    expect(ofTenant.length).toBeGreaterThan(0);
    for (const { project_key } of ofTenant) expect(project_key).toBeNull();
  });

  it('takes a deleted cluster, which the upstream still answers, for gone', async () => {
    const provider = byKey();
    const [first] = await all(provider.clusters);
    upstream.control.remove('cluster', first?.key[1] ?? '');
    await expect(provider.clusters?.get({ key: first?.key ?? [] }, call)).rejects.toMatchObject({
      code: 'not_found',
      upstream: undefined,
    });
  });

  it('reads no cluster by itself when it is told not to', async () => {
    const apiKey = upstream.credentials['apiKey'];
    const clusters = await all(connect({ apiKey, clusterDetails: false }).clusters);
    expect(clusters).toHaveLength(upstream.control.size('cluster'));
    expect(clusters.every(({ version }) => version === null)).toBe(true);
    expect(paths().filter((path) => path.startsWith('GET /v1/dashboard/spectroclusters'))).toEqual([]);
  });

  it('sends a token as it is, lengthens it while it is valid, and logs in again when it is not', async () => {
    const { emailId, password, org } = upstream.credentials;
    const { account } = connect({ emailId, password, org });
    await account.identify({}, call);
    expect(paths()[0]).toBe('POST /v1/auth/authenticate');
    expect(upstream.control.requests()[0]?.query).toEqual({ setCookie: 'false' });
    const token = upstream.control.requests()[1]?.headers['authorization'];
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);

    upstream.control.forget();
    upstream.control.clock.advance(12 * 60_000);
    await account.identify({}, call);
    expect(paths()).toEqual(['POST /v1/dashboard/projects']);

    upstream.control.forget();
    upstream.control.clock.advance(90_000);
    await account.identify({}, call);
    expect(paths()).toEqual([`GET /v1/auth/refresh/${token}`, 'POST /v1/dashboard/projects']);

    upstream.control.forget();
    upstream.control.clock.advance(16 * 60_000);
    await account.identify({}, call);
    expect(paths()).toEqual(['POST /v1/auth/authenticate', 'POST /v1/dashboard/projects']);
  });

  it('does not take an unknown login for an object that is not there', async () => {
    const { emailId, password, org } = upstream.credentials;
    upstream.control.inject({
      match: { path: '/authenticate$' },
      fault: { kind: 'status', status: 404, body: { code: 'ResourceNotFound', message: 'no such org' } },
    });
    const { clusters } = connect({ emailId, password, org });
    await expect(clusters?.get({ key: ['tenant', 'x'] }, call)).rejects.toMatchObject({
      code: 'unauthenticated',
      upstream: { status: 404, code: 'ResourceNotFound' },
    });
  });

  it('goes by the code where it says more than the status', async () => {
    const provider = byKey();
    for (const [code, fault] of [
      ['ResourceAccessDenied', 'forbidden'],
      ['ProjectNotFoundInTenant', 'not_found'],
      ['TooManyRequests', 'rate_limited'],
    ]) {
      upstream.control.clear();
      upstream.control.inject({ fault: { kind: 'status', status: 400, body: { code, message: 'no' } } });
      await expect(provider.account.identify({}, call)).rejects.toMatchObject({ code: fault });
    }
  });

  it('passes over a project that goes away during a walk, and says so', async () => {
    upstream.control.inject({
      match: { path: '/appDeployments$' },
      fault: { kind: 'status', status: 404, body: { code: 'ProjectNotFoundInTenant', message: 'gone' } },
      times: 1,
    });
    const page = await byKey().deployments?.list({}, call);
    expect(page?.items.length).toBeGreaterThan(0);
    expect(page?.shifted).toBe(true);
  });
});
