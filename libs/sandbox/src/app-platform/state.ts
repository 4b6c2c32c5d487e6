import { inSeedYear, worldEpoch } from '../core/clock.ts';
import type { ObjectControls, World } from '../core/emulator.ts';
import { Executions } from '../core/executions.ts';
import { hexKeys, type Keys } from '../core/keys.ts';
import { type BuildContext, Population, populationControls } from '../core/population.ts';
import { hashAt, randomFrom } from '../core/random.ts';
import type { Rollout, RolloutPhase } from '../core/rollouts.ts';
import { nameOfProject, nameOfTeam, people, roles } from './names.ts';
import type {
  DeploymentInput,
  ProjectInput,
  WireDeployment,
  WireMember,
  WireProject,
  WireTeam,
} from './wire.ts';

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
 * - names are not unique; creating answers 201 with the object, replacing and cancelling 200 with it, removing 204 with nothing;
 * - bodies are strict (an unknown field is a 422): name, description, template, visibility, team_id for a project; version and commit,
 *   both optional, for a deployment. Template and visibility are never shown;
 * - PUT drops the description and the team where they are left out, and keeps status and visibility; it also archives (`status`);
 * - one deployment per project at a time: another one is a 409, and so is one of an archived project; only what is queued or running
 *   can be cancelled, else 409;
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
  /** what clients have made of projects, by key; each takes the place of the one before */
  private readonly edits = new Map<string, ProjectInput & { editedAt: number }>();
  /** what clients have said of deployments, by key */
  private readonly orders = new Map<string, DeploymentInput>();

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

  createProject(input: ProjectInput): WireProject | undefined {
    const [key = ''] = this.projects.add(1);
    return this.replaceProject(key, input);
  }

  /** undefined: no such project. */
  replaceProject(key: string, input: ProjectInput): WireProject | undefined {
    const index = this.projects.indexOf(key);
    if (index === undefined) return undefined;
    const status = input.status ?? this.projects.get(key)?.status ?? 'active';
    if (status === 'archived') this.deployments.pin(index);
    this.edits.set(key, { ...input, status, editedAt: this.world.clock.now() });
    return this.projects.get(key);
  }

  /** undefined: no such project. */
  createDeployment(projectKey: string, input: DeploymentInput): WireDeployment | undefined {
    const index = this.projects.indexOf(projectKey);
    if (index === undefined) return undefined;
    const key = this.deployments.ask(index);
    this.orders.set(key, input);
    return this.deployments.population.get(key);
  }

  cancelDeployment(key: string): WireDeployment | undefined {
    const now = wholeSeconds(this.world.clock.now());
    this.deployments.touch(key, { status: 'cancelled', url: null, completed_at: now });
    return this.deployments.population.get(key);
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
    const id = this.projectKeys.keyOf(index);
    const edit = this.edits.get(id);
    const updated = wholeSeconds(edit?.editedAt ?? edited);
    const name = nameOfProject(index);
    const shown = edit ?? {
      name,
      description: index % 5 === 4 ? null : `The ${name.toLowerCase()} of the company`,
      status: addedAt === null && isArchived(index) ? 'archived' : 'active',
      ...(team ? { team } : {}),
    };
    return {
      id,
      name: shown.name,
      description: shown.description,
      status: shown.status ?? 'active',
      created_at: wholeSeconds(created),
      updated_at: latest !== undefined && latest.created_at > updated ? latest.created_at : updated,
      ...(shown.team ? { team: { id: shown.team.id, name: shown.team.name } } : {}),
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
    const project = this.projectKeys.keyOf(rollout.parent);
    const name = this.edits.get(project)?.name ?? nameOfProject(rollout.parent);
    const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    return {
      id,
      project_id: project,
      status: words[rollout.phase],
      url: rollout.phase === 'success' ? `https://${slug}.your-app.com` : null,
      ...(this.orders.get(id) ?? {
        ...(random.chance(0.6) ? { version: `1.${rollout.sequence}.${random.between(0, 9)}` } : {}),
        ...(random.chance(0.7) ? { commit } : {}),
      }),
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

const words: Record<RolloutPhase, string> = {
  created: 'queued',
  pending: 'queued',
  running: 'running',
  success: 'success',
  failed: 'failed',
  cancelled: 'cancelled',
};

function isArchived(project: number): boolean {
  return project % 7 === 3;
}

function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
