import type { ProjectRecord, ProjectStatus } from '@fleetgate/model';
import { type Http, instant, native } from '@fleetgate/provider-kit';
import type { Call, Facet, ListInput, Page } from '@fleetgate/provider-spec';
import { noSuch } from './errors.ts';
import { labelsOfMetadata, nameOf } from './metadata.ts';
import { continueList } from './paging.ts';
import { ItemsPage, Project, Whole } from './wire.ts';

export function projects(http: Http): Facet<ProjectRecord> {
  const pages = projectPages(http, 'palette:projects');
  return {
    async list(input, call) {
      const page = await pages(input, call);
      return { ...page, items: page.items.map(projectRecord) };
    },
    async get({ key }, call) {
      const [uid, ...more] = key;
      if (uid === undefined || more.length > 0) throw noSuch();
      // The summary is what the list shows; it tells teams by name, and health, which the project itself does not. It can
      // be searched by name only.
      const { metadata } = await http.request({ path: ['v1', 'projects', uid], answer: Whole }, call);
      const found = await withUid(projectPages(http, 'palette:project', nameOf(metadata)), uid, call);
      return projectRecord(found);
    },
  };
}

async function withUid(
  pages: (input: ListInput, call: Call) => Promise<Page<Whole>>,
  uid: string,
  call: Call,
): Promise<Whole> {
  // Names are unique among projects: more than one page would be an upstream that ignores the filter.
  for (let cursor: string | undefined, count = 0; count < 20; count++) {
    const page: Page<Whole> = await pages(cursor === undefined ? {} : { cursor }, call);
    const found = page.items.find((item) => item.metadata.uid === uid);
    if (found) return found;
    if (page.next === undefined) break;
    cursor = page.next;
  }
  throw noSuch();
}

/** Projects as the upstream has them; the tenant's scope is the only one that they are listed in. */
export function projectPages(
  http: Http,
  scheme: string,
  name?: string,
): (input: ListInput, call: Call) => Promise<Page<Whole>> {
  const filter = name === undefined ? {} : { filter: { name: { eq: name, ignoreCase: false } } };
  const pages = continueList<undefined, Whole>({
    scheme,
    pageSize: 50,
    fetch: (_scope, window, call) =>
      http.request(
        {
          method: 'POST',
          path: ['v1', 'dashboard', 'projects'],
          query: window,
          // Oldest first, so that a new project comes to stand behind those already seen.
          body: { ...filter, sort: [{ field: 'creationTimestamp', order: 'asc' }] },
          answer: ItemsPage,
          repeatable: true,
        },
        call,
      ),
  });
  return (input, call) => pages(undefined, input, call);
}

export function projectRecord(whole: Whole): ProjectRecord {
  const { metadata, specSummary, status } = Project.parse(whole);
  const state = status?.status;
  const labels = labelsOfMetadata(metadata);
  const teams = specSummary?.teams ?? [];
  const [team] = teams;
  return {
    key: [metadata.uid],
    name: nameOf(metadata),
    labels,
    ...statusOf(
      state?.isDisabled ?? false,
      state?.cleanUpStatus?.state || null,
      instant(metadata.deletionTimestamp) !== null,
    ),
    description: labels['description'] || textOf(metadata.annotations?.['description']),
    // Several teams may share a project, and none of them owns it more than another.
    team: team && teams.length === 1 ? { id: team.uid, name: team.name ?? null } : null,
    created_at: instant(metadata.creationTimestamp),
    updated_at: instant(metadata.lastModifiedTimestamp),
    native: native(whole),
  };
}

/** The words of a clean-up are free text upstream. */
const cleanUpOver = /^(completed?|done|success(ful)?|succeeded|failed|error|none|not ?started)$/i;
const cleanUpGoesOn = /^(pending|queued|started|running|in[ -]?progress|cleaning|deleting)$/i;

function statusOf(
  isDisabled: boolean,
  cleanUp: string | null,
  isDeleted: boolean,
): { status: ProjectStatus; native_status: string | null } {
  const words = [...(isDisabled ? ['isDisabled'] : []), ...(cleanUp === null ? [] : [cleanUp])];
  const native_status = words.length > 0 ? words.join('/') : null;
  if (isDeleted || (cleanUp !== null && cleanUpGoesOn.test(cleanUp))) {
    return { status: 'deleting', native_status };
  }
  if (cleanUp !== null && !cleanUpOver.test(cleanUp)) return { status: 'unknown', native_status };
  return { status: isDisabled ? 'archived' : 'active', native_status };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
