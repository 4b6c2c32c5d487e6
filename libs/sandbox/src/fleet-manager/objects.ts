import { inSeedYear, isoTime, worldEpoch } from '../core/clock.ts';
import type { BuildContext } from '../core/population.ts';
import type { Random } from '../core/random.ts';

export interface WireApplication {
  id: string;
  name: string;
  version?: string;
  sourceType: 'gitops' | 'editor' | 'api';
  /** The manifest, YAML. */
  sourceConfig: string;
  description: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface WireGroup {
  id: string;
  name: string;
  description?: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface WireDeployment {
  id: string;
  name: string;
  status: string;
  applicationId: string;
  targetGroup?: string | null;
  clusterGroupId?: string;
  cluster?: { id: string; name: string };
  applicationVersion?: string;
  applications: { id: string; name: string; version?: string; strategy?: string }[];
  createdAt: string;
  updatedAt: string;
}

export interface WireRelease {
  id: string;
  deploymentId: string;
  status: string;
  label: string | null;
  createdAt: string;
  updatedAt: string;
}

const workloads = [
  'pos-terminal',
  'edge-cache',
  'price-sync',
  'camera-hub',
  'label-printer',
  'kiosk',
  'stock-sync',
];
const regions = ['stores-north', 'stores-south', 'stores-east', 'stores-west', 'depots', 'lab'];

export function nameOfApplication(index: number): string {
  const round = Math.floor(index / workloads.length);
  return `${workloads[index % workloads.length]}${round === 0 ? '' : `-${round + 1}`}`;
}

export function nameOfGroup(index: number): string {
  const round = Math.floor(index / regions.length);
  return `${regions[index % regions.length]}${round === 0 ? '' : `-${round + 1}`}`;
}

function birthAndChange(addedAt: number | null, random: Random): { createdAt: string; updatedAt: string } {
  const created = addedAt ?? inSeedYear(random.next() * 0.8);
  const changed = addedAt ?? created + Math.floor((worldEpoch - created) * random.next());
  return { createdAt: isoTime(created), updatedAt: isoTime(changed) };
}

export function buildApplication(
  id: string,
  index: number,
  { addedAt, random }: BuildContext,
): WireApplication {
  const times = birthAndChange(addedAt, random);
  const name = nameOfApplication(index);
  const sourceType = random.pick(['gitops', 'gitops', 'editor', 'api'] as const);
  return {
    id,
    name,
    ...(index % 3 === 2 ? {} : { version: '1' }),
    sourceType,
    sourceConfig: manifest(name, random),
    description: index % 4 === 3 ? null : `GitOps managed via https://github.com/example/fleet#${name}`,
    ...times,
  };
}

function manifest(name: string, random: Random): string {
  const memory = random.pick([1, 2, 4, 8]);
  return [
    'type: Application',
    'version: "1.0.0"',
    'metadata:',
    `  name: ${name}`,
    '  labels: [retail]',
    'spec:',
    '  assets: []',
    '  resources:',
    '    - type: virdomain',
    `      name: ${name}-{{clusterName}}`,
    `      spec: { cpu: ${random.between(1, 4)}, memory: ${memory * 1024 ** 3} }`,
    '',
  ].join('\n');
}

export function buildGroup(id: string, index: number, { addedAt, random }: BuildContext): WireGroup {
  const times = birthAndChange(addedAt, random);
  const name = nameOfGroup(index);
  const description = index % 3 === 1 ? {} : { description: index % 3 === 2 ? null : `All of ${name}` };
  return { id, name, ...description, ...times };
}
