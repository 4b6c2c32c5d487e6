import { Fault, Instant, isFault, kinds, recordSchemas, resourceSchemas, statuses } from '../src/index.ts';

const cluster = {
  key: ['c-1'],
  name: 'store-berlin',
  labels: { env: 'prod' },
  native_status: 'online/healthy',
  created_at: '2026-03-01T09:30:00.000Z',
  updated_at: null,
  status: 'healthy',
  kind: null,
  version: '9.4',
  location: null,
  node_count: 3,
  capacity: { cpu_cores: 12, memory_bytes: null },
  usage: null,
  last_seen_at: null,
  project_key: null,
  native: { id: 'c-1' },
};

describe('records', () => {
  it('hold every field, known or null, and nothing else', () => {
    expect(recordSchemas.cluster.safeParse(cluster).success).toBe(true);
    const { location: _, ...lacking } = cluster;
    expect(recordSchemas.cluster.safeParse(lacking).error?.issues[0]?.path).toEqual(['location']);
    expect(recordSchemas.cluster.safeParse({ ...cluster, colour: 'red' }).success).toBe(false);
  });

  it('take only the agreed words for a status', () => {
    for (const status of statuses.cluster) {
      expect(recordSchemas.cluster.safeParse({ ...cluster, status }).success).toBe(true);
    }
    expect(recordSchemas.cluster.safeParse({ ...cluster, status: 'Healthy' }).success).toBe(false);
  });

  it.each(['2026-03-01T09:30:00Z', '2026-03-01T09:30:00.000+01:00', '2026-03-01', ''])(
    'take times in UTC with milliseconds only: not %j',
    (time) => {
      expect(Instant.safeParse(time).success).toBe(false);
    },
  );

  it('have a resource of the same fields for every kind, with ids in place of keys', () => {
    for (const kind of kinds) {
      const record = Object.keys(recordSchemas[kind].shape);
      const resource = Object.keys(resourceSchemas[kind].shape);
      const plain = record.filter((field) => !/^key$|_keys?$/.test(field));
      expect(resource).toEqual(expect.arrayContaining(plain));
      expect(resource.filter((field) => /^key$|_keys?$/.test(field))).toEqual([]);
    }
  });
});

describe('a fault', () => {
  it('is known by its code', () => {
    const fault = new Fault('rate_limited', 'slow down', { retryAfterMs: 2000, upstream: { status: 429 } });
    expect(isFault(fault)).toBe(true);
    expect(isFault(fault, 'rate_limited')).toBe(true);
    expect(isFault(fault, 'timeout')).toBe(false);
    expect(isFault(new Error('slow down'))).toBe(false);
    expect(fault).toMatchObject({ name: 'Fault', retryAfterMs: 2000, upstream: { status: 429 } });
  });
});
