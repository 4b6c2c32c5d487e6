import type { ProviderFacts } from '../../src/providers/capabilities.ts';
import { type Answer, type Stack, startStack } from '../e2e/stack.ts';

interface Resource {
  id: string;
  name: string;
  status: string;
  location: string | null;
  project_id: string | null;
  native: Record<string, unknown>;
}

/** Each platform, and what it takes for something new. */
const platforms = ['app-platform', 'chimestack', 'fleet-manager', 'kubestellar-toolkit', 'palette'] as const;
type Platform = (typeof platforms)[number];

let stack: Stack;
beforeAll(async () => {
  stack = await startStack(platforms.map((name) => ({ slug: name, upstream: name, scale: 30 })));
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

const send = (method: string, path: string, body?: object): Promise<Answer> =>
  stack.ask(path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
const made = (answer: Answer): Resource => {
  if (answer.status >= 300) throw new Error(`answered ${answer.status}: ${answer.text}`);
  return (answer.body as { data: Resource }).data;
};
async function some(
  kind: string,
  platform: Platform,
  fits: (one: Resource) => boolean = () => true,
): Promise<Resource> {
  const { body } = await stack.ask(`/v1/${kind}?connection=${platform}&limit=100&include=native`);
  const found = (body as { data?: Resource[] }).data?.find(fits);
  if (!found) throw new Error(`${platform} has none of ${kind} that fits`);
  return found;
}

let names = 0;
const word = () => {
  names += 1;
  return `every-${names}`;
};
const manifest = { source_config: 'type: Application\n' };

const newProject: Partial<Record<Platform, () => object>> = {
  'app-platform': () => ({ name: word(), description: 'made here', spec: { visibility: 'private' } }),
  'fleet-manager': () => ({ name: word(), description: 'made here', spec: manifest }),
  palette: () => ({ name: word(), description: 'made here', labels: { env: 'test' } }),
};
const newCluster: Partial<Record<Platform, () => Promise<object>>> = {
  chimestack: async () => ({ name: word(), location: (await some('clusters', 'chimestack')).location }),
  palette: async () => ({
    name: word(),
    kind: 'eks',
    spec: { cloudAccountUid: 'account-1', cloudConfig: { region: 'eu-west-1' }, profiles: [] },
  }),
};
async function newDeployment(platform: Platform): Promise<Answer> {
  switch (platform) {
    case 'app-platform': {
      const project = made(await send('POST', '/v1/projects', { connection: platform, name: word() }));
      return send('POST', `/v1/projects/${project.id}/deployments`, { version: 'v1.2.3' });
    }
    case 'fleet-manager': {
      const project = made(
        await send('POST', '/v1/projects', { connection: platform, name: word(), spec: manifest }),
      );
      const { id } = await some('cluster-groups', platform);
      const target = { kind: 'cluster_group', id };
      return send('POST', `/v1/projects/${project.id}/deployments`, { target });
    }
    case 'kubestellar-toolkit': {
      const { id } = await some('clusters', platform);
      const target = { kind: 'cluster', id };
      return send('POST', '/v1/deployments', { connection: platform, name: word(), target, version: 'v1' });
    }
    case 'palette': {
      const { native } = await some('deployments', platform);
      const { uid } = (native as { spec: { profile: { metadata: { uid: string } } } }).spec.profile.metadata;
      const cluster = await some('clusters', platform, (one) => one.project_id !== null);
      return send('POST', `/v1/projects/${cluster.project_id}/deployments`, {
        name: word(),
        target: { kind: 'cluster', id: cluster.id },
        spec: { appProfileUid: uid },
      });
    }
    default:
      throw new Error(`${platform} has no deployments`);
  }
}

/** One call of each operation, over HTTP, as it has to be for that platform. */
const calls: Record<string, (platform: Platform) => Promise<Answer>> = {
  'projects.create': (platform) =>
    send('POST', '/v1/projects', { connection: platform, ...newProject[platform]?.() }),
  'projects.replace': async (platform) => {
    const { id } = made((await calls['projects.create']?.(platform)) as Answer);
    const { spec } = { spec: undefined, ...newProject[platform]?.() } as { spec?: object };
    return send('PUT', `/v1/projects/${id}`, { name: word(), ...(spec ? { spec } : {}) });
  },
  'projects.patch': async (platform) => {
    const { id } = made((await calls['projects.create']?.(platform)) as Answer);
    return send('PATCH', `/v1/projects/${id}`, { description: 'changed here' });
  },
  'projects.remove': async (platform) => {
    const { id } = made((await calls['projects.create']?.(platform)) as Answer);
    return send('DELETE', `/v1/projects/${id}`);
  },
  'clusters.create': async (platform) =>
    send('POST', '/v1/clusters', { connection: platform, ...(await newCluster[platform]?.()) }),
  'clusters.patch': async (platform) => {
    const change = { chimestack: { description: 'moved' } }[platform as string] ?? {
      labels: { env: 'test' },
    };
    return send('PATCH', `/v1/clusters/${(await some('clusters', platform)).id}`, change);
  },
  'clusters.remove': async (platform) => {
    const { id } =
      platform === 'palette'
        ? await some('clusters', platform, ({ status }) => status === 'healthy')
        : made((await calls['clusters.create']?.(platform)) as Answer);
    return send('DELETE', `/v1/clusters/${id}`);
  },
  'clusters.kubeconfig': async (platform) => {
    const { id } = await some('clusters', platform, ({ status }) => status === 'healthy');
    return stack.ask(`/v1/clusters/${id}/kubeconfig`);
  },
  'deployments.create': newDeployment,
  'deployments.replace': async (platform) => {
    const { id, name } = made(await newDeployment(platform));
    const target =
      platform === 'fleet-manager'
        ? { kind: 'cluster_group', id: (await some('cluster-groups', platform)).id }
        : { kind: 'cluster', id: (await some('clusters', platform)).id };
    return send('PUT', `/v1/deployments/${id}`, { name, target, version: 'v2' });
  },
  'deployments.patch': async (platform) => {
    const { id, native } = made(await newDeployment(platform));
    if (platform !== 'palette') return send('PATCH', `/v1/deployments/${id}`, { version: 'v3' });
    expect(native).toBeUndefined();
    const other = await some('deployments', platform);
    const { uid } = (other.native as { spec: { profile: { metadata: { uid: string } } } }).spec.profile
      .metadata;
    return send('PATCH', `/v1/deployments/${id}`, { spec: { appProfileUid: uid } });
  },
  'deployments.remove': async (platform) => {
    const { id } = made(await newDeployment(platform));
    stack.upstream(platform).control.clock.advance(3_600_000);
    return send('DELETE', `/v1/deployments/${id}`);
  },
  'deployments.cancel': async (platform) =>
    send('POST', `/v1/deployments/${made(await newDeployment(platform)).id}/cancel`),
  'deployments.deploy': async (platform) => {
    const { id } = made(await newDeployment(platform));
    stack.upstream(platform).control.clock.advance(3_600_000);
    return send('POST', `/v1/deployments/${id}/deploy`);
  },
};

async function capabilities(): Promise<Map<string, Set<string>>> {
  const { data } = (await stack.ask('/v1/providers')).body as { data: ProviderFacts[] };
  return new Map(
    data.map(({ id, capabilities: facets }) => [
      id,
      new Set(Object.entries(facets).flatMap(([facet, all]) => all.map((one) => `${facet}.${one}`))),
    ]),
  );
}

describe.each(platforms)('%s', (platform) => {
  it.each(Object.keys(calls))(
    '%s does it where it can, and is refused where it cannot',
    async (operation) => {
      const able = (await capabilities()).get(platform);
      if (!able?.has(operation)) {
        await refusedAt(platform, operation, able ?? new Set());
        return;
      }
      const answer = await (calls[operation] as (on: Platform) => Promise<Answer>)(platform);
      if (answer.status >= 300) throw new Error(`${operation} answered ${answer.status}: ${answer.text}`);
      expect([200, 201, 202, 204]).toContain(answer.status);
    },
  );
});

/** Asked for all the same, with something of that platform where it has any. */
async function refusedAt(platform: Platform, operation: string, able: ReadonlySet<string>): Promise<void> {
  const [facet = '', action = ''] = operation.split('.');
  const changes = {
    create: ['POST', '', { connection: platform, name: 'x' }],
    replace: ['PUT', '/ID', { name: 'x' }],
    patch: ['PATCH', '/ID', { name: 'x' }],
    remove: ['DELETE', '/ID', undefined],
    cancel: ['POST', '/ID/cancel', undefined],
    deploy: ['POST', '/ID/deploy', undefined],
    kubeconfig: ['GET', '/ID/kubeconfig', undefined],
  } as const;
  const [method, tail, body] = changes[action as keyof typeof changes];
  const id = tail === '' || !able.has(`${facet}.list`) ? undefined : (await some(facet, platform)).id;
  if (tail !== '' && id === undefined) return; // it has none of that kind that could be asked for
  const answer = await send(method, `/v1/${facet}${tail.replace('ID', id ?? '')}`, body);
  expect({ operation, status: answer.status, body: answer.body }).toMatchObject({
    status: 501,
    body: { error: { code: 'unsupported_by_provider' } },
  });
}
