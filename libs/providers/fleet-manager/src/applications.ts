import { isFault } from '@fleetgate/model';
import { everyItem, type Http } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import type { ApplicationContent } from './bodies.ts';
import type { Reason } from './errors.ts';
import { listed } from './lists.ts';
import { WireApplication } from './wire.ts';

const unmade = 'new-application:';

/** Stands for the id of an application that a dry run does not make, and tells its name to what would be made next. */
export function unmadeApplication(name: string): string {
  return `${unmade}${name}`;
}

/** undefined: this is the id of an application that can be read. */
export function nameOfUnmade(id: string): string | undefined {
  return id.startsWith(unmade) ? id.slice(unmade.length) : undefined;
}

/** Why a deployment can be neither changed nor deployed. */
export const goneApplication: Reason = ['conflict', 'the application of the deployment is gone'];

/** Applications as the upstream shows them. */
export interface Applications {
  readonly list: (input: ListInput, call: Call) => Promise<Page<WireApplication>>;
  read(id: string, call: Call): Promise<WireApplication>;
  named(name: string, call: Call): Promise<WireApplication[]>;
  /**
   * Whether it is gone: neither read nor listed. A 500 alone is not enough where something hangs on it, because an application
   * that is listed and answers 500 is there, and broken.
   */
  isGone(id: string, call: Call): Promise<boolean>;
}

export function applicationsOf(http: Http): Applications {
  const list = listed(http, ['deployment-applications'], WireApplication, (wire) => wire);
  const read = (id: string, call: Call) =>
    http.request({ path: ['deployment-applications', id], answer: WireApplication }, call);
  return {
    list,
    read,
    named: (name, call) => everyItem(list, (one) => one.name === name, call),
    async isGone(id, call) {
      try {
        await read(id, call);
        return false;
      } catch (error) {
        if (!isFault(error, 'not_found')) throw error;
      }
      return (await everyItem(list, (one) => one.id === id, call)).length === 0;
    },
  };
}

/** Whether an application has this content; its texts may have come back with other line ends or without those at their ends. */
export function hasContent(wire: WireApplication, content: ApplicationContent): boolean {
  return (
    wire.name === content.name &&
    plain(wire.sourceConfig) === plain(content.sourceConfig) &&
    plain(wire.description) === plain(content.description) &&
    (wire.sourceType ?? content.sourceType) === content.sourceType
  );
}

function plain(text: string | null | undefined): string {
  return (text ?? '').replaceAll('\r\n', '\n').trim();
}
