import { conformanceTests, titleOf } from '../src/index.ts';
import { tinyOptions } from './tiny-options.ts';
import type { Defect } from './tiny-provider.ts';

/** Every defect, and the tests that are there to catch it. */
const caught: Record<Defect, { auth?: 'session' | 'key'; by: readonly string[] }> = {
  'accepts foreign cursors': { by: ['paging › clusters: a foreign cursor is invalid'] },
  'accepts unknown settings': { by: ['settings › an unknown setting is refused by name'] },
  'asks for the account without credentials': {
    by: [
      'session › account.identify: refused credentials are unauthenticated, and no loop',
      'faults › account.identify: 500 is unexpected',
    ],
  },
  'builds paths of raw keys': { by: ['clusters › get of an unknown key is not_found'] },
  'calls a server error unavailable': {
    by: ['faults › clusters.list: 503 is unexpected', 'faults › clusters.get: 500 is unexpected'],
  },
  'connects with a request': { by: ['shape › connecting asks the upstream nothing'] },
  'drops Retry-After': { by: ['faults › clusters.list: 429 with Retry-After says how long to wait'] },
  'fails on unknown words': { by: ['clusters › a status word of tomorrow is unknown, and is kept'] },
  'gives next for ever': {
    by: [
      'paging › clusters: a walk without a limit sees every object once',
      'paging › clusters: an empty upstream is an empty, finished walk',
    ],
  },
  'has a field of its own': { by: ['shape › clusters: records are what the model says, and nothing else'] },
  'has its own timeout': { by: ['faults › clusters.list: no answer within timeoutMs is timeout'] },
  'hides a shifted walk': { by: ['paging › clusters: a row that slips through a walk is owned up to'] },
  'ignores the signal': {
    by: [
      'cancel › clusters.list: a caller who leaves ends the request and frees its socket',
      'cancel › clusters.list: a caller who has left already costs no request',
      'faults › clusters.list: no answer before the end of the call is timeout',
      'trace › clusters.list: the deadline ends the request, and its socket is freed',
      'projects › create: a caller who leaves ends it and frees the socket, and it can be taken up',
    ],
  },
  'invents a status': {
    by: [
      'shape › clusters: statuses are words of the model',
      'shape › clusters: records are what the model says, and nothing else',
    ],
  },
  'leaks its credential': {
    auth: 'key',
    by: [
      'secrets › clusters.list: no fault tells a credential',
      'secrets › refused credentials are not told',
    ],
  },
  'leaves a secret unmarked': { by: ['settings › secrets are marked as secret'] },
  'lets a caller own the renewal': {
    auth: 'session',
    by: ['session › a caller who gives up during the renewal does not fail the others'],
  },
  'logs in for every caller': {
    auth: 'session',
    by: [
      'session › twenty simultaneous first callers log in once',
      'session › twenty simultaneous callers after the end of a session renew it once',
    ],
  },
  'logs in in every replica': {
    auth: 'session',
    by: ['session › replicas that share a token store share one session'],
  },
  'loops on 401': {
    auth: 'key',
    by: [
      'session › clusters.list: refused credentials are unauthenticated, and no loop',
      'faults › clusters.list: 401 is unauthenticated',
    ],
  },
  'maps get another way': { by: ['shape › clusters: get answers the record that list had'] },
  'makes up a project': { by: ['clusters › project_key names something that is listed'] },
  'makes up its calls': {
    by: [
      'trace › clusters.list: every request carries the request id and trace of its call',
      'projects › create: every request carries the request id and trace of its call',
    ],
  },
  'never renews': {
    auth: 'session',
    by: [
      'session › an ended session is renewed once, and the call succeeds',
      'session › clusters.get: succeeds across the end of a session',
    ],
  },
  'passes over a later failure': {
    by: ['faults › clusters.list: a failure of a later request is not passed over'],
  },
  'quotes the upstream': { by: ['secrets › clusters.list: nor when the upstream says it back'] },
  'reads anything as a list': { by: ['faults › projects.list: an answer of the wrong shape is no answer'] },
  'shows secrets in native': {
    by: ['shape › clusters: a secret within an object of the upstream is not shown'],
  },
  'takes a 404 for an empty list': { by: ['faults › clusters.list: 404 is not_found or unexpected'] },
  'takes a short page for the last': {
    by: [
      'paging › clusters: a walk without a limit sees every object once',
      'paging › clusters: a huge limit is taken as far as the upstream allows',
    ],
  },
  'answers a removal of nothing': { by: ['projects › remove: an unknown key is not_found'] },
  'archives what it should remove': {
    by: ['projects › remove: what is removed is not_found in the end, and no longer listed'],
  },
  'calls an ended rollout cancelled': {
    auth: 'key',
    by: ['deployments › cancel: where nothing is under way it is a conflict'],
  },
  'changes without a step': {
    by: [
      'projects › create: asked for twice in one write, it is done once',
      'projects › create: a dry run changes nothing, and tells what would be sent',
    ],
  },
  'drops what a patch does not name': {
    by: ['projects › patch: changes what it names, field by field, and keeps the rest'],
  },
  'finds by the name alone': {
    by: ['projects › create: what another write has made is not taken for its own'],
  },
  'ignores the expected version': {
    by: ['projects › patch: an object that somebody else has changed is a conflict'],
  },
  'keeps what a replacement does not name': {
    by: ['projects › replace: drops what it does not name: description, labels'],
  },
  'leaves a rule out': {
    by: ['shape › every operation that changes something has its rule, and every rule its operation'],
  },
  'marks a change as repeatable': {
    by: [
      'projects › create: asked for twice in one write, it is done once',
      'projects › create: a dry run changes nothing, and tells what would be sent',
    ],
  },
  'names fields as the upstream does': {
    by: ['shape › fields that the upstream refuses are told by our names'],
  },
  'never looks for what it made': {
    auth: 'key',
    by: [
      'projects › create: what took effect and lost its answer is found, and not sent again',
      'deployments › deploy: a process that ends before it has recorded an effect is taken up, and nothing is sent twice',
    ],
  },
  'puts its key into the address': {
    auth: 'key',
    by: ['projects › create: a dry run changes nothing, and tells what would be sent'],
  },
  'quotes a kubeconfig': { by: ['clusters › kubeconfig: is in no record, event or fault'] },
  'reads before it takes a removal up': {
    by: ['projects › remove: asked for twice in one write, it is done once'],
  },
  'takes a refusal for an outage': {
    by: ['projects › create: a refusal is a fault of its own code, and leaves nothing begun'],
  },
  'takes any spec': {
    by: ['shape › projects.create: the schema of spec is strict, and can be shown as JSON schema'],
  },
  'writes local time': {
    by: ['shape › clusters: times are RFC 3339 in UTC with milliseconds, and no zero time'],
  },
};

describe('a provider that', () => {
  for (const [defect, { auth = 'session', by }] of Object.entries(caught)) {
    it(`${defect} is caught`, async () => {
      const tests = conformanceTests(tinyOptions(auth, defect as Defect));
      const outcomes = by.map(async (title) => {
        const test = tests.find((one) => titleOf(one) === title);
        if (!test) throw new Error(`there is no test "${title}"`);
        await expect(test.run()).rejects.toThrow();
      });
      await Promise.all(outcomes);
    }, 60_000);
  }
});
