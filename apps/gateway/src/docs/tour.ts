/**
 * A walk through the whole API, each step building on those before: the examples of the document are its answers, and the
 * collection for Postman is its calls. `{{name}}` stands for what an earlier step has kept; `{{run}}` differs from run to run,
 * `{{platformUrl}}` is where an app platform is: the sandbox's.
 */
export interface Step {
  /** the operation of the document */
  readonly operation: string;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** what it is answered with; a write may also be answered 202, where the platform takes longer */
  readonly status: number;
  /** name → where in the answer its value is: `data.0.id` */
  readonly keep?: Readonly<Record<string, string>>;
  /** whose credential is sent, in place of the API key */
  readonly as?: string;
  /** how long it is waited before it, in milliseconds: some things are told a little later */
  readonly afterMs?: number;
}

export interface Part {
  readonly title: string;
  readonly steps: readonly Step[];
}

const id = (name: string) => ({ id: `{{${name}}}` });

const lookAround: Part = {
  title: 'Look around',
  steps: [
    { operation: 'Health_state', status: 200 },
    { operation: 'Health_live', status: 200 },
    { operation: 'Health_ready', status: 200 },
    { operation: 'Login_me', status: 200 },
    { operation: 'Providers_list', status: 200 },
    { operation: 'Providers_get', path: { id: 'chimestack' }, status: 200 },
    { operation: 'Clusters_list', query: { limit: '0' }, status: 422 },
    {
      operation: 'Clusters_list',
      query: { connection: 'palette-eu', status: 'healthy', limit: '1' },
      status: 200,
      keep: { palette_cluster: 'data.0.id' },
    },
    { operation: 'Clusters_get', path: id('palette_cluster'), status: 200 },
    { operation: 'Clusters_deployments', path: id('palette_cluster'), query: { limit: '1' }, status: 200 },
    { operation: 'Clusters_kubeconfig', path: id('palette_cluster'), status: 200 },
    { operation: 'ClusterGroups_list', query: { limit: '1' }, status: 200, keep: { group: 'data.0.id' } },
    { operation: 'ClusterGroups_get', path: id('group'), status: 200 },
    {
      operation: 'Native_get',
      path: { id: 'fm-east', path: 'clusters' },
      query: { limit: '1' },
      status: 200,
    },
  ],
};

const projects: Part = {
  title: 'Projects, deployments and releases',
  steps: [
    {
      operation: 'Projects_create',
      body: {
        connection: 'apps',
        name: 'shop-{{run}}',
        description: 'the web shop',
        spec: { visibility: 'private' },
      },
      status: 201,
      keep: { project: 'data.id', operation: 'operation.id' },
    },
    { operation: 'Operations_get', path: id('operation'), status: 200 },
    { operation: 'Projects_get', path: id('project'), status: 200 },
    {
      operation: 'Projects_patch',
      path: id('project'),
      body: { description: 'the shop of all countries' },
      status: 200,
    },
    {
      operation: 'Projects_replace',
      path: id('project'),
      body: { name: 'shop-all-{{run}}', description: null, spec: { visibility: 'private' } },
      status: 200,
    },
    { operation: 'Projects_list', query: { q: 'shop-all-{{run}}', limit: '1' }, status: 200 },
    {
      operation: 'Projects_deploy',
      path: id('project'),
      body: { version: 'v1.2.3' },
      status: 202,
      keep: { deployment: 'data.id' },
    },
    { operation: 'Projects_deployments', path: id('project'), query: { limit: '1' }, status: 200 },
    { operation: 'Deployments_get', path: id('deployment'), status: 200 },
    { operation: 'Deployments_cancel', path: id('deployment'), status: 200 },
    { operation: 'Projects_remove', path: id('project'), status: 204 },
    { operation: 'Projects_get', path: id('project'), status: 404 },
    {
      operation: 'Deployments_list',
      query: { connection: 'fm-east', status: 'success', limit: '1' },
      status: 200,
      keep: { rolled_out: 'data.0.id' },
    },
    {
      operation: 'Deployments_releases',
      path: id('rolled_out'),
      query: { limit: '1' },
      status: 200,
      keep: { release: 'data.0.id' },
    },
    { operation: 'Releases_get', path: id('release'), status: 200 },
    { operation: 'Deployments_deploy', path: id('rolled_out'), body: {}, status: 202 },
  ],
};

const clusters: Part = {
  title: 'Clusters, and deployments that have no project',
  steps: [
    {
      operation: 'Clusters_list',
      query: { connection: 'chime-lab', limit: '1' },
      status: 200,
      keep: { location: 'data.0.location' },
    },
    {
      operation: 'Clusters_create',
      body: { connection: 'chime-lab', name: 'edge-{{run}}', location: '{{location}}' },
      status: 201,
      keep: { cluster: 'data.id' },
    },
    { operation: 'Clusters_patch', path: id('cluster'), body: { description: 'in the cellar' }, status: 200 },
    { operation: 'Clusters_remove', path: id('cluster'), status: 204 },
    {
      operation: 'Clusters_list',
      query: { connection: 'ksit-dev', limit: '1' },
      status: 200,
      keep: { toolkit_cluster: 'data.0.id' },
    },
    {
      operation: 'Deployments_create',
      body: {
        connection: 'ksit-dev',
        name: 'board-{{run}}',
        target: { kind: 'cluster', id: '{{toolkit_cluster}}' },
        version: 'v1',
      },
      status: 202,
      keep: { board: 'data.id' },
    },
    {
      operation: 'Deployments_replace',
      path: id('board'),
      body: { name: 'board-{{run}}', target: { kind: 'cluster', id: '{{toolkit_cluster}}' }, version: 'v2' },
      status: 202,
    },
    { operation: 'Deployments_patch', path: id('board'), body: { version: 'v3' }, status: 202 },
    { operation: 'Deployments_remove', path: id('board'), status: 204 },
  ],
};

const password = 'correct horse battery';
const teams: Part = {
  title: 'Teams, people and keys',
  steps: [
    {
      operation: 'Teams_create',
      body: { name: 'Edge {{run}}', slug: 'edge-{{run}}', plan: 'pro' },
      status: 201,
      keep: { team: 'data.id' },
    },
    { operation: 'Teams_list', query: { limit: '1' }, status: 200 },
    { operation: 'Teams_get', path: id('team'), status: 200 },
    {
      operation: 'Teams_patch',
      path: id('team'),
      body: { plan: 'enterprise', hourly_limit: 50000 },
      status: 200,
    },
    {
      operation: 'Members_add',
      path: id('team'),
      body: { user_name: 'ada-{{run}}', role: 'developer', password },
      status: 201,
      keep: { user: 'data.id' },
    },
    { operation: 'Members_list', path: id('team'), query: { limit: '1' }, status: 200 },
    {
      operation: 'Members_patch',
      path: { id: '{{team}}', userId: '{{user}}' },
      body: { role: 'admin' },
      status: 200,
    },
    {
      operation: 'Login_login',
      body: { user_name: 'ada-{{run}}', password },
      status: 200,
      keep: { token: 'data.token' },
    },
    {
      operation: 'ApiKeys_create',
      as: '{{token}}',
      body: { name: 'deployer', scopes: ['read', 'deployments:write'] },
      status: 201,
      keep: { key: 'data.id' },
    },
    { operation: 'ApiKeys_list', as: '{{token}}', query: { limit: '1' }, status: 200 },
    { operation: 'ApiKeys_get', as: '{{token}}', path: id('key'), status: 200 },
    { operation: 'ApiKeys_revoke', as: '{{token}}', path: id('key'), status: 204 },
    {
      operation: 'OAuthClients_create',
      as: '{{token}}',
      body: { name: 'Board', redirect_uris: ['https://board.example.com/back'], scopes: ['read'] },
      status: 201,
      keep: { client: 'data.id' },
    },
    { operation: 'OAuthClients_list', as: '{{token}}', query: { limit: '1' }, status: 200 },
    { operation: 'OAuthClients_get', as: '{{token}}', path: id('client'), status: 200 },
    { operation: 'OAuthClients_remove', as: '{{token}}', path: id('client'), status: 204 },
    {
      operation: 'Login_password',
      as: '{{token}}',
      body: { current_password: password, new_password: `${password} staple` },
      status: 204,
    },
    { operation: 'Login_login', body: { user_name: 'ada-{{run}}', password }, status: 401 },
    {
      operation: 'Login_login',
      body: { user_name: 'ada-{{run}}', password: `${password} staple` },
      status: 200,
      keep: { token: 'data.token' },
    },
    { operation: 'Login_logout', as: '{{token}}', status: 204 },
    { operation: 'Users_patch', path: id('user'), body: { disabled: true }, status: 200 },
    { operation: 'Members_remove', path: { id: '{{team}}', userId: '{{user}}' }, status: 204 },
    { operation: 'OAuthKeys_rotate', body: {}, status: 200 },
    { operation: 'Audit_list', query: { limit: '1' }, status: 200 },
  ],
};

const connections: Part = {
  title: 'What happened, and accounts at platforms',
  steps: [
    { operation: 'Events_list', query: { resource: '{{project}}', limit: '1' }, status: 200 },
    {
      operation: 'Requests_list',
      afterMs: 1500,
      query: { connection: 'chime-lab', status: '201', limit: '1' },
      status: 200,
      keep: { request: 'data.0.id' },
    },
    { operation: 'Requests_get', path: id('request'), status: 200 },
    { operation: 'Connections_list', query: { limit: '1' }, status: 200 },
    { operation: 'Connections_get', path: { id: 'apps' }, status: 200 },
    {
      operation: 'Connections_create',
      body: {
        slug: 'apps-{{run}}',
        provider: 'app-platform',
        team: null,
        settings: { baseUrl: '{{platformUrl}}', apiKey: 'app_key_sandbox' },
      },
      status: 201,
    },
    {
      operation: 'Connections_patch',
      path: { id: 'apps-{{run}}' },
      body: { sync: { interval: '5m' } },
      status: 200,
    },
    {
      operation: 'Connections_replace',
      path: { id: 'apps-{{run}}' },
      body: { sync: { interval: '1h' }, settings: { baseUrl: '{{platformUrl}}' } },
      status: 200,
    },
    {
      operation: 'Connections_rotate',
      path: { id: 'apps-{{run}}' },
      body: { settings: { apiKey: 'app_key_sandbox' } },
      status: 200,
    },
    { operation: 'Connections_test', path: { id: 'apps-{{run}}' }, status: 200 },
    { operation: 'Connections_sync', path: { id: 'apps-{{run}}' }, status: 202 },
    { operation: 'Connections_remove', path: { id: 'apps-{{run}}' }, status: 204 },
  ],
};

const events = ['deployment.completed', 'deployment.failed'];
const url = '{{platformUrl}}/board';
const webhooks: Part = {
  title: 'Webhooks',
  steps: [
    {
      operation: 'Webhooks_create',
      body: { team: 'edge-{{run}}', url, events, description: 'the board in the hall' },
      status: 201,
      keep: { webhook: 'data.id' },
    },
    { operation: 'Webhooks_list', query: { team: 'edge-{{run}}', limit: '1' }, status: 200 },
    { operation: 'Webhooks_get', path: id('webhook'), status: 200 },
    { operation: 'Webhooks_patch', path: id('webhook'), body: { ordered: true }, status: 200 },
    { operation: 'Webhooks_replace', path: id('webhook'), body: { url, events }, status: 200 },
    { operation: 'Webhooks_rotate', path: id('webhook'), body: { keep_previous: 3600 }, status: 200 },
    { operation: 'Deliveries_test', path: id('webhook'), status: 200, keep: { delivery: 'data.id' } },
    { operation: 'Deliveries_list', path: id('webhook'), query: { limit: '1' }, status: 200 },
    { operation: 'Deliveries_get', path: { id: '{{webhook}}', deliveryId: '{{delivery}}' }, status: 200 },
    {
      operation: 'Deliveries_replayOne',
      path: { id: '{{webhook}}', deliveryId: '{{delivery}}' },
      status: 409,
    },
    {
      operation: 'Deliveries_replaySince',
      path: id('webhook'),
      body: { since: '2026-01-01T00:00:00Z' },
      status: 202,
    },
    { operation: 'Webhooks_remove', path: id('webhook'), status: 204 },
  ],
};

export const tour: readonly Part[] = [lookAround, projects, clusters, teams, webhooks, connections];

/** Operations that the tour leaves out, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  Inbound_take: 'only the platform can sign it',
  Metrics_metrics: 'no two scrapes are alike',
  Events_stream: 'it stays open: docs/events.md has it as a curl',
  ...Object.fromEntries(
    ['post', 'put', 'patch', 'delete', 'options'].map((method) => [
      `Native_${method}`,
      'what may be sent there is the platform’s to say',
    ]),
  ),
};
