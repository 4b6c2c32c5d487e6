import type { ProjectRecord } from '@fleetgate/model';
import { type Http, instant, native, partsOf } from '@fleetgate/provider-kit';
import type { Projects } from '@fleetgate/provider-spec';
import { noSuch } from './errors.ts';
import { describedBy, nameOf } from './metadata.ts';
import { walked } from './paging.ts';
import { projectPages } from './project-pages.ts';
import { projectStatus } from './project-status.ts';
import { projectWrites } from './project-writes.ts';
import { Project, Whole } from './wire.ts';

export function projects(http: Http): Projects {
  const pages = projectPages(http, 'palette:projects');
  return {
    async list(input, call) {
      const page = await pages(input, call);
      return { ...page, items: page.items.map(projectRecord) };
    },
    async get({ key }, call) {
      const [uid] = partsOf(key, 1);
      // The summary is what the list shows; it tells teams by name, and health, which the project itself does not. It can
      // be searched by name only.
      const { metadata } = await http.request({ path: ['v1', 'projects', uid], answer: Whole }, call);
      const namesakes = await walked(projectPages(http, 'palette:project', nameOf(metadata)), call);
      const found = namesakes.find((item) => item.metadata.uid === uid);
      if (!found) throw noSuch();
      return projectRecord(found);
    },
    ...projectWrites(http),
  };
}

export function projectRecord(whole: Whole): ProjectRecord {
  const { metadata, specSummary, status } = Project.parse(whole);
  const state = status?.status;
  const teams = specSummary?.teams ?? [];
  const [team] = teams;
  return {
    key: [metadata.uid],
    name: nameOf(metadata),
    ...describedBy(metadata),
    ...projectStatus(
      state?.isDisabled ?? false,
      state?.cleanUpStatus?.state || null,
      instant(metadata.deletionTimestamp) !== null,
    ),
    // Several teams may share a project, and none of them owns it more than another.
    team: team && teams.length === 1 ? { id: team.uid, name: team.name ?? null } : null,
    created_at: instant(metadata.creationTimestamp),
    updated_at: instant(metadata.lastModifiedTimestamp),
    native: native(whole),
  };
}
