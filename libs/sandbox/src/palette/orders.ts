import type { AppDeployment, AppProfile } from './app-form.ts';
import { asDeleting, asRenamed } from './cluster-forms.ts';
import type { Metadata, PaletteCluster } from './clusters.ts';
import { Departures } from './departures.ts';
import { type DeploymentOrder, withProfile } from './deployments.ts';
import type { ClusterOrder } from './ordered-clusters.ts';
import { asCleaning, asOrdered, type PaletteProject, type ProjectOrder } from './projects.ts';

/** What the API's own writes have made and changed; everything else is computed. */
export class Orders {
  /** By the index that their populations gave them. */
  readonly clusters: ClusterOrder[] = [];
  readonly deployments: DeploymentOrder[] = [];
  readonly departures = new Departures();
  private readonly projects = new Map<string, { order: ProjectOrder; at: number }>();
  private readonly cleaning = new Set<string>();
  private readonly names = new Map<string, { given: GivenMetadata; at: number }>();
  private readonly profiles = new Map<string, { profile: AppProfile; at: number }>();

  /** Lays an order over a project; what it does not name stays as it is. */
  orderProject(uid: string, order: ProjectOrder, at: number): void {
    this.projects.set(uid, { order: { ...this.projects.get(uid)?.order, ...order }, at });
  }

  isOrdered(projectUid: string): boolean {
    return this.projects.has(projectUid);
  }

  clean(projectUid: string): void {
    this.cleaning.add(projectUid);
  }

  isCleaning(projectUid: string): boolean {
    return this.cleaning.has(projectUid);
  }

  cleaningProjects(): string[] {
    return [...this.cleaning];
  }

  forgetProject(uid: string): void {
    this.projects.delete(uid);
    this.cleaning.delete(uid);
  }

  renameCluster(uid: string, given: GivenMetadata, at: number): void {
    this.names.set(uid, { given, at });
  }

  changeProfile(deploymentUid: string, profile: AppProfile, at: number): void {
    this.profiles.set(deploymentUid, { profile, at });
  }

  projectNow(project: PaletteProject): PaletteProject {
    const { uid } = project.metadata;
    const ordered = this.projects.get(uid);
    const known = ordered === undefined ? project : asOrdered(project, ordered.order, ordered.at);
    return this.cleaning.has(uid) ? asCleaning(known) : known;
  }

  clusterNow(cluster: PaletteCluster): PaletteCluster {
    const { uid } = cluster.metadata;
    const renamed = this.names.get(uid);
    const since = this.departures.sinceOf(uid);
    const known = renamed === undefined ? cluster : asRenamed(cluster, renamed.given, renamed.at);
    return since === undefined ? known : asDeleting(known, since);
  }

  deploymentNow(deployment: AppDeployment, now: number): AppDeployment {
    const change = this.profiles.get(deployment.metadata.uid);
    return change === undefined ? deployment : withProfile(deployment, change, now);
  }
}

/** What callers may say of an object's metadata. */
export type GivenMetadata = Pick<Metadata, 'name' | 'labels' | 'annotations'>;
