import { inSeedYear, isoTime } from '../core/clock.ts';
import type { BuildContext } from '../core/population.ts';
import { type Metadata, zeroTime } from './clusters.ts';

/** GET /v1/projects/{uid}; the dashboard's row is made of it. */
export interface PaletteProject {
  metadata: Metadata;
  spec: { alerts: unknown[]; logoUrl: string; teams: Ref[]; users: Ref[] };
  status: { isDisabled: boolean; cleanUpStatus: { state: string; msg: string; cleanedResources: string[] } };
}

export interface Ref {
  uid: string;
  name: string;
}

/** What a project was made or changed to by its own API. */
export interface ProjectOrder {
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** undefined: as they were before. */
  teams?: Ref[];
  users?: Ref[];
  logoUid?: string;
}

/** Names of the teams; their uids are sealed numbers below that many. */
export const teams = ['platform', 'retail', 'payments', 'research'];
const topics = ['atlas', 'borealis', 'cobalt', 'delta', 'ember', 'fjord', 'granite', 'harbor'];

/** One in 13 is disabled, one in 29 is being cleaned up (the word is free text upstream, so assumed). */
export function buildProject(
  index: number,
  uid: string,
  teamUid: string,
  context: BuildContext,
): PaletteProject {
  const { random, addedAt } = context;
  const created = isoTime(addedAt ?? inSeedYear(random.next()));
  const topic = random.pick(topics);
  const team = random.pick(teams);
  const cleaning = index % 29 === 19;
  return {
    metadata: {
      name: index === 0 ? 'Default' : `${topic}-${index}`,
      uid,
      labels: index % 2 === 0 ? { description: `Everything of ${topic}`, team } : {},
      annotations: { scope: 'tenant' },
      creationTimestamp: created,
      lastModifiedTimestamp: index % 7 === 3 ? zeroTime : created,
      deletionTimestamp: zeroTime,
    },
    spec: {
      alerts: [],
      logoUrl: '',
      teams: index % 3 === 0 ? [] : [{ uid: teamUid, name: team }],
      users: [],
    },
    status: {
      isDisabled: index % 13 === 7,
      cleanUpStatus: { state: cleaning ? 'InProgress' : '', msg: '', cleanedResources: [] },
    },
  };
}

/** A project made at run time, before its order is laid over it. */
export function emptyProject(uid: string, createdAt: number): PaletteProject {
  const created = isoTime(createdAt);
  return {
    metadata: {
      name: '',
      uid,
      labels: {},
      annotations: {},
      creationTimestamp: created,
      lastModifiedTimestamp: created,
      deletionTimestamp: zeroTime,
    },
    spec: { alerts: [], logoUrl: '', teams: [], users: [] },
    status: { isDisabled: false, cleanUpStatus: { state: '', msg: '', cleanedResources: [] } },
  };
}

/** The project as an order of that time (ms) left it. Its scope is Palette's own to say. */
export function asOrdered(project: PaletteProject, order: ProjectOrder, at: number): PaletteProject {
  const { name, labels, annotations, teams: ordered, users, logoUid } = order;
  const { spec, metadata } = project;
  return {
    ...project,
    metadata: {
      ...metadata,
      name,
      labels,
      annotations: { ...annotations, scope: 'tenant' },
      lastModifiedTimestamp: isoTime(at),
    },
    spec: {
      ...spec,
      teams: ordered ?? spec.teams,
      users: users ?? spec.users,
      logoUrl: logoUid === undefined ? spec.logoUrl : `/v1/assets/${logoUid}`,
    },
  };
}

/** The project while its clean-up takes away what it holds. */
export function asCleaning(project: PaletteProject): PaletteProject {
  const cleanUpStatus = { state: 'InProgress', msg: '', cleanedResources: [] };
  return { ...project, status: { ...project.status, cleanUpStatus } };
}

/** The row of POST /v1/dashboard/projects. */
export function projectSummary(
  project: PaletteProject,
  clustersHealth: Record<string, number>,
  clusterUids: readonly string[],
): Record<string, unknown> {
  const { metadata, spec, status } = project;
  return {
    metadata,
    specSummary: { logoUrl: spec.logoUrl, teams: spec.teams, users: spec.users },
    status: {
      clustersHealth,
      status: { isDisabled: status.isDisabled, cleanUpStatus: status.cleanUpStatus },
      usage: { alloyCpuCores: 0, pureCpuCores: 0, clusters: clusterUids.map((uid) => ({ uid })) },
    },
  };
}
