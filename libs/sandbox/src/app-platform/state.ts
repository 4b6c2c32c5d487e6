import { inSeedYear, worldEpoch } from '../core/clock.ts';
import type { ObjectControls, World } from '../core/emulator.ts';
import { Executions } from '../core/executions.ts';
import { hexKeys, type Keys } from '../core/keys.ts';
import { type BuildContext, Population, populationControls } from '../core/population.ts';
import { hashAt, randomFrom } from '../core/random.ts';
import type { Rollout, RolloutPhase } from '../core/rollouts.ts';

/**
 * What this app platform holds. Of `scale` objects 25 % are projects and 75 % deployments: none to five per project. Teams, one per
 * dozen projects and at least two, and their members are not counted.
 *
 * Assumptions, where the documentation is silent:
 * - projects come oldest first, the deployments of a project newest first; a page beyond the end is an empty 200, and `pages` of an
 *   empty list is 0;
 * - `team` is absent from a project without one; `description` may be null;
 * - the words for a deployment's status are queued, running, success, failed and cancelled; `deployment.started` is what happens
 *   between queued and running;
 * - `url` is null until a deployment has succeeded, `completed_at` until it has ended; `version` and `commit` are absent from many;
 * - times are whole seconds, as in every example;
 * - teams and members are paged as projects are; roles are owner, admin, developer, viewer;
 * - a removed project takes its deployments with it; archived projects are not deployed any more;
 * - projects that are deployed often keep only their newest deployments.
 */
export class AppState implements ObjectControls {
  readonly projects: Population<WireProject>;
  readonly deployments: Executions<WireDeployment>;
  readonly teams: Population<WireTeam>;
  private readonly world: World;
  private readonly projectKeys: Keys;
  private readonly memberKeys: Keys;
  private readonly plain: ObjectControls;

  constructor(world: World) {
    this.world = world;
    const { clock } = world;
    const seeded = Math.max(1, Math.round(world.scale / 4));
    const seeds = {
      project: world.seedOf('project'),
      deployment: world.seedOf('deployment'),
      team: world.seedOf('team'),
    };
    this.projectKeys = hexKeys(seeds.project, 16, 'proj_');
    this.memberKeys = hexKeys(world.seedOf('member'), 16, 'user_');
    const teamKeys = hexKeys(seeds.team, 16, 'team_');
    this.teams = new Population({
      clock,
      seed: seeds.team,
      seeded: Math.max(2, Math.ceil(seeded / 12)),
      keys: teamKeys,
      build: (index) => ({ id: teamKeys.keyOf(index), name: nameOfTeam(index) }),
    });
    this.projects = new Population({
      clock,
      seed: seeds.project,
      seeded,
      keys: this.projectKeys,
      build: (index, context) => this.buildProject(index, context),
    });
    this.deployments = new Executions<WireDeployment>({
      clock,
      seed: seeds.deployment,
      keys: hexKeys(seeds.deployment, 16, 'deploy_'),
      parents: seeded,
      createdAt: (parent) => this.birthOf(parent),
      pattern: [5, 4, 0, 3],
      busy: (parent) => !isArchived(parent) && (parent < 12 || parent % 20 === 0),
      liveParents: () => this.projects,
      build: (rollout, key) => this.buildDeployment(rollout, key),
    });
    this.plain = populationControls({ project: this.projects, deployment: this.deployments.population });
  }

  /** Newest first; undefined: no such project. */
  deploymentsOf(projectId: string): WireDeployment[] | undefined {
    const index = this.projects.indexOf(projectId);
    return index === undefined ? undefined : this.deployments.of(index).reverse();
  }

  /** undefined: no such team. */
  membersOf(teamId: string): WireMember[] | undefined {
    const index = this.teams.indexOf(teamId);
    if (index === undefined) return undefined;
    const count = 2 + (hashAt(this.world.seedOf('members'), index) % 4);
    return Array.from({ length: count }, (_, place) => this.buildMember(index, place));
  }

  add(...[kind, count]: Parameters<ObjectControls['add']>): string[] {
    return kind === 'deployment' ? this.deployments.add(count) : this.plain.add(kind, count);
  }

  remove(...[kind, key]: Parameters<ObjectControls['remove']>): boolean {
    if (kind === 'deployment') return this.deployments.remove(key);
    const index = kind === 'project' ? this.projects.indexOf(key) : undefined;
    if (index !== undefined) this.deployments.removeAllOf(index);
    return this.plain.remove(kind, key);
  }

  touch(...[kind, key, change]: Parameters<ObjectControls['touch']>): boolean {
    if (kind === 'deployment') return this.deployments.touch(key, change);
    const index = kind === 'project' ? this.projects.indexOf(key) : undefined;
    if (index === undefined) return this.plain.touch(kind, key, change);
    this.deployments.pin(index);
    return this.plain.touch(kind, key, { updated_at: wholeSeconds(this.world.clock.now()), ...change });
  }

  size(kind: Parameters<ObjectControls['size']>[0]): number {
    return this.plain.size(kind);
  }

  /** In the first two thirds of the year, so that its deployments fit behind it. */
  private birthOf(project: number): number {
    return inSeedYear((hashAt(this.world.seedOf('birth'), project) / 2 ** 32) * 0.65);
  }

  private buildProject(index: number, { addedAt, random }: BuildContext): WireProject {
    const created = addedAt ?? this.birthOf(index);
    const edited = addedAt ?? created + Math.floor((worldEpoch - created) * random.next());
    const deployments = this.deployments.of(index);
    const latest = deployments.at(-1);
    const team = index % 9 === 5 ? undefined : this.teams.byIndex(random.between(0, this.teams.size - 1));
    const updated = wholeSeconds(edited);
    return {
      id: this.projectKeys.keyOf(index),
      name: nameOfProject(index),
      description: index % 5 === 4 ? null : `The ${nameOfProject(index).toLowerCase()} of the company`,
      status: addedAt === null && isArchived(index) ? 'archived' : 'active',
      created_at: wholeSeconds(created),
      updated_at: latest !== undefined && latest.created_at > updated ? latest.created_at : updated,
      ...(team === undefined ? {} : { team: { id: team.id, name: team.name } }),
      deployments: {
        total: deployments.length,
        latest:
          latest === undefined
            ? null
            : { id: latest.id, status: latest.status, created_at: latest.created_at },
      },
    };
  }

  private buildDeployment(rollout: Rollout, id: string): WireDeployment {
    const random = randomFrom(hashAt(this.world.seedOf('revision') + rollout.parent, rollout.sequence));
    const commit = Math.floor(random.next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    const slug = nameOfProject(rollout.parent).toLowerCase().replaceAll(' ', '-');
    return {
      id,
      project_id: this.projectKeys.keyOf(rollout.parent),
      status: words[rollout.phase],
      url: rollout.phase === 'success' ? `https://${slug}.your-app.com` : null,
      ...(random.chance(0.6) ? { version: `1.${rollout.sequence}.${random.between(0, 9)}` } : {}),
      ...(random.chance(0.7) ? { commit } : {}),
      created_at: wholeSeconds(rollout.createdAt),
      completed_at: rollout.completedAt === null ? null : wholeSeconds(rollout.completedAt),
    };
  }

  private buildMember(team: number, place: number): WireMember {
    const value = team * 8 + place;
    const name = people[hashAt(this.world.seedOf('people'), value) % people.length] ?? 'Kim';
    return {
      id: this.memberKeys.keyOf(value),
      name,
      email: `${name.toLowerCase()}.${value}@example.com`,
      role: roles[Math.min(place, roles.length - 1)] ?? 'viewer',
      joined_at: wholeSeconds(inSeedYear((hashAt(this.world.seedOf('joined'), value) % 1000) / 1000)),
    };
  }
}

export interface WireProject {
  id: string;
  name: string;
  description: string | null;
  status: string;
  created_at: string;
  updated_at: string;
  team?: WireTeam;
  deployments: { total: number; latest: { id: string; status: string; created_at: string } | null };
}

export interface WireDeployment {
  id: string;
  project_id: string;
  status: string;
  url: string | null;
  version?: string;
  commit?: string;
  created_at: string;
  completed_at: string | null;
}

export interface WireTeam {
  id: string;
  name: string;
}

export interface WireMember {
  id: string;
  name: string;
  email: string;
  role: string;
  joined_at: string;
}

const words: Record<RolloutPhase, string> = {
  created: 'queued',
  pending: 'queued',
  running: 'running',
  success: 'success',
  failed: 'failed',
  cancelled: 'cancelled',
};

const roles = ['owner', 'admin', 'developer', 'viewer'];
const people = ['Ada', 'Ben', 'Carla', 'Dmitri', 'Elif', 'Farid', 'Grace', 'Hana', 'Ivan', 'Julia'];
const brands = ['Harbour', 'Orchard', 'Meridian', 'Copper', 'Lantern', 'Willow', 'Summit', 'Juniper'];
const parts = ['Website', 'Checkout', 'Mobile API', 'Docs', 'Status Page', 'Intranet', 'Loyalty', 'Search'];
const squads = ['Storefront', 'Payments', 'Platform', 'Mobile', 'Data', 'Growth'];

function isArchived(project: number): boolean {
  return project % 7 === 3;
}

function nameOfProject(index: number): string {
  const brand = brands[index % brands.length];
  const part = parts[Math.floor(index / brands.length) % parts.length];
  const round = Math.floor(index / (brands.length * parts.length));
  return `${brand} ${part}${round === 0 ? '' : ` ${round + 1}`}`;
}

function nameOfTeam(index: number): string {
  const round = Math.floor(index / squads.length);
  return `${squads[index % squads.length]}${round === 0 ? '' : ` ${round + 1}`}`;
}

function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
