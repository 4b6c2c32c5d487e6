import { Fault, isFault, type Key } from '@fleetgate/model';
import type { Http } from '@fleetgate/provider-kit';
import type { Call, Kubeconfig } from '@fleetgate/provider-spec';
import { isPresent, overview } from './cluster-reads.ts';
import { noSuch } from './errors.ts';
import { scopedKey, scopeHeaders } from './scopes.ts';

/** characters; real ones have some thousand */
const maxLength = 512 * 1024;

/** A cluster without one yet is a `conflict`: Palette answers for it as for one that does not exist. */
export async function kubeconfigOf(http: Http, key: Key, call: Call): Promise<Kubeconfig> {
  const { scope, uid } = scopedKey(key);
  const path = ['v1', 'spectroclusters', uid, 'assets', 'kubeconfig'];
  const headers = scopeHeaders(scope);
  try {
    // `frp`: by way of Palette's proxy where the cluster cannot be reached.
    return {
      text: readKubeconfig(await http.text({ path, query: { frp: true }, headers, maxLength }, call)),
    };
  } catch (error) {
    if (!isFault(error, 'not_found')) throw error;
    if (!isPresent(scope, await overview(http, scope, uid, call))) throw noSuch();
    throw new Fault('conflict', 'the cluster has no kubeconfig yet', {
      cause: error,
      ...(error.upstream ? { upstream: error.upstream } : {}),
    });
  }
}

const isConfig = (text: string) => /^["']?(apiVersion|kind|clusters)["']?[ \t]*:/m.test(text);

/** As YAML; sometimes Palette gives it in base64. */
function readKubeconfig(text: string): string {
  if (isConfig(text)) return text;
  if (/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) {
    const decoded = Buffer.from(text, 'base64').toString();
    if (isConfig(decoded)) return decoded;
  }
  throw new Fault('unexpected', 'the upstream answered with something that is no kubeconfig', {
    upstream: { status: 200 },
  });
}
