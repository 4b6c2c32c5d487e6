import type { Http } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { noSuch } from './errors.ts';
import { continueList } from './paging.ts';
import { isOwn, scopeHeaders } from './scopes.ts';
import { AppDeployment, AppDeploymentsPage, Whole } from './wire.ts';

/** The app deployments of one project, or those of one name. */
export function deploymentPages(
  http: Http,
  { scheme, pageSize, name }: { scheme: string; pageSize: number; name?: string },
): (scope: string, input: ListInput, call: Call) => Promise<Page<Whole>> {
  const filter = name === undefined ? {} : { filter: { appDeploymentName: { eq: name, ignoreCase: false } } };
  return continueList<string, Whole>({
    scheme,
    pageSize,
    fetch: (scope, window, call) =>
      http.request(
        {
          method: 'POST',
          path: ['v1', 'dashboard', 'appDeployments'],
          query: window,
          // Oldest first, so that a new one comes to stand behind those already seen.
          body: { ...filter, sort: [{ field: 'creationTimestamp', order: 'asc' }] },
          headers: scopeHeaders(scope),
          answer: AppDeploymentsPage,
          repeatable: true,
        },
        call,
      ),
  });
}

/** The tiers are told here only, and without them a rollout that failed looks like one that goes on. */
export async function readDeployment(http: Http, scope: string, uid: string, call: Call): Promise<Whole> {
  const headers = scopeHeaders(scope);
  const whole = await http.request({ path: ['v1', 'appDeployments', uid], headers, answer: Whole }, call);
  if (!isOwn(scope, AppDeployment.parse(whole).metadata)) throw noSuch();
  return whole;
}
