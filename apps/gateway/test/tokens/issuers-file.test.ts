import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConnections } from '../../src/connections/file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-issuers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(issuers: string) {
  const path = join(folder, 'c.yaml');
  writeFileSync(path, `connections: []\nissuers:\n${issuers}`);
  const { problems, ...rest } = readConnections({ path, env: { REALM: 'corp' }, providers: [] });
  return { ...rest, problems: problems.map((line) => line.slice(path.length + 1)) };
}

const plain = `  - issuer: https://login.example.com/realms/corp
    audience: fleetgate
    claims: { team: team, scopes: scope }
`;

describe('issuers in the file of connections', () => {
  it('are read with their defaults', () => {
    const { issuers, problems } = read(plain);
    expect(problems).toEqual([]);
    expect(issuers).toEqual([
      {
        issuer: 'https://login.example.com/realms/corp',
        audience: ['fleetgate'],
        jwksUrl: null,
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        claims: {
          subject: 'sub',
          team: { path: 'team', map: null, fallback: null },
          scopes: { path: 'scope', map: null, fallback: null },
        },
      },
    ]);
  });

  it('may say what each value of a claim means here, and take variables', () => {
    const { issuers, problems } = read(`  - issuer: https://login.example.com/realms/\${REALM}
    audience: [fleetgate, account]
    jwks_url: http://127.0.0.1:8081/keys
    algorithms: [ES256]
    claims:
      subject: profile.id
      team: { path: groups, map: { /platform/edge: edge, /platform/core: core }, default: guests }
      scopes: { path: realm_access.roles, map: { reader: read, admin: [read, write] } }
`);
    expect(problems).toEqual([]);
    expect(issuers).toEqual([
      {
        issuer: 'https://login.example.com/realms/corp',
        audience: ['fleetgate', 'account'],
        jwksUrl: 'http://127.0.0.1:8081/keys',
        algorithms: ['ES256'],
        claims: {
          subject: 'profile.id',
          team: {
            path: 'groups',
            map: { '/platform/edge': ['edge'], '/platform/core': ['core'] },
            fallback: 'guests',
          },
          scopes: {
            path: 'realm_access.roles',
            map: { reader: ['read'], admin: ['read', 'write'] },
            fallback: null,
          },
        },
      },
    ]);
  });

  it('are refused by line, each with all that is wrong', () => {
    const { issuers, problems } = read(`  - issuer: http://login.example.com
    audience: fleetgate
    algorithms: [HS256]
    claims: { team: team, scope: scope }
  - issuer: https://one.example.com?tenant=a
    claims: { team: { path: groups, map: { a: Not A Slug } }, scopes: { path: roles } }
  - just words
`);
    expect(issuers).toEqual([]);
    expect(problems).toEqual([
      '3:13 issuer 1: issuer must be an https:// address (http:// only to this machine), without user, query and fragment',
      '5:18 issuer 1: algorithms.0 must be one of RS256, ES256, EdDSA',
      '6:5 issuer 1: claims.scopes is missing',
      '6:27 issuer 1: claims.scope is not known: did you mean scopes?',
      '7:5 issuer 2: audience is missing',
      '7:13 issuer 2: issuer must be an https:// address (http:// only to this machine), without user, query and fragment',
      '8:47 issuer 2: claims.team.map.a must be 1 to 63 lower-case letters, digits or inner hyphens',
      '8:63 issuer 2: claims.scopes.map is missing',
      '9:5 issuer 3 must hold issuer, audience and claims',
    ]);
  });

  it('are described once each', () => {
    expect(read(plain + plain).problems).toEqual([
      '6:13 issuer 2: this issuer is described in line 3 already',
    ]);
  });

  it('must be a list', () => {
    expect(read('  corp: https://login.example.com\n').problems).toEqual(['2:1 issuers must be a list']);
  });
});
