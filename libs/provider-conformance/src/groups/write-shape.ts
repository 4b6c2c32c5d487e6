import assert from 'node:assert/strict';
import {
  ClusterCreate,
  ClusterPatch,
  DeploymentCreate,
  DeploymentPatch,
  DeploymentReplace,
  DeployRequest,
  ProjectCreate,
  ProjectPatch,
  ProjectReplace,
} from '@fleetgate/model';
import type { FacetName, WriteOperation, WriteRule } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { attemptsAt, sampleOf, worldOf } from '../attempt.ts';
import { assertCode, faultOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import type { Suite, Write } from '../suite.ts';

const group = 'shape';

/** The unified input of each operation; what has none takes a key and nothing else. */
const inputs: Partial<Record<FacetName, Partial<Record<WriteOperation, z.ZodObject>>>> = {
  projects: { create: ProjectCreate, replace: ProjectReplace, patch: ProjectPatch },
  deployments: {
    create: DeploymentCreate,
    replace: DeploymentReplace,
    patch: DeploymentPatch,
    deploy: DeployRequest,
  },
  clusters: { create: ClusterCreate, patch: ClusterPatch },
};
/** Fields of inputs that are the gateway's business. */
const gatewayFields = ['connection', 'spec', 'deployment'];

/** What `definition.writes` says, held against what there is. */
export function writeShapeTests(suite: Suite): ConformanceTest[] {
  const ruleOf = ({ facet, operation }: Write): WriteRule => {
    const rule = suite.rules[facet]?.[operation];
    assert.ok(rule, `writes.${facet}.${operation} of the definition is missing`);
    return rule;
  };
  return [
    {
      group,
      name: 'every operation that changes something has its rule, and every rule its operation',
      run: async () => {
        const rules = Object.entries(suite.rules).flatMap(([facet, operations]) =>
          Object.keys(operations).map((operation) => `${facet}.${operation}`),
        );
        assert.deepEqual(rules.sort(), suite.writes.map(({ name }) => name).sort());
      },
    },
    ...suite.writes.flatMap((write): ConformanceTest[] => [
      {
        group,
        name: `${write.name}: its rule names fields of the unified input`,
        run: async () => {
          const { fields, required = [], spec } = ruleOf(write);
          const known = Object.keys(inputs[write.facet]?.[write.operation]?.shape ?? {});
          const unknown = fields.filter((field) => !known.includes(field) || gatewayFields.includes(field));
          assert.deepEqual(unknown, [], `fields that the input has not; it has ${known.join(', ')}`);
          const more = required.filter((field) => !fields.includes(field) && !(field === 'spec' && spec));
          assert.deepEqual(more, [], 'required fields that are not taken');
        },
      },
      {
        group,
        name: `${write.name}: the schema of spec is strict, and can be shown as JSON schema`,
        run: async () => {
          const { spec } = ruleOf(write);
          if (!spec) return;
          for (const wrong of [null, 'text', 42, [], { 'surprise-5f1c': 1 }]) {
            assert.ok(!spec.safeParse(wrong).success, `spec takes ${JSON.stringify(wrong)}`);
          }
          assert.equal(typeof z.toJSONSchema(spec, { io: 'input' }), 'object');
        },
      },
      suite.test(group, `${write.name}: its sample is what the rule says`, async (subject) => {
        const { fields, required = [], spec } = ruleOf(write);
        const input = await sampleOf(suite, write)(worldOf(subject));
        const value = input.value ?? {};
        const foreign = Object.keys(value).filter((field) => field !== 'spec' && !fields.includes(field));
        assert.deepEqual(foreign, [], 'fields of the sample that the rule does not name');
        const given = [...Object.keys(value), ...(input.projectKey ? ['project_id'] : [])];
        assert.deepEqual(
          required.filter((field) => !given.includes(field)),
          [],
          'required fields that it has not',
        );
        if (value.spec === undefined) return;
        assert.ok(spec, 'the sample has a spec, and the rule takes none');
        const parsed = spec.safeParse(value.spec);
        assert.ok(parsed.success, parsed.error?.message);
        const surprised = spec.safeParse({ ...(value.spec as object), 'surprise-5f1c': 1 });
        assert.ok(!surprised.success, 'spec takes a field that it does not know');
      }),
    ]),
    ...(suite.writes.length === 0 || suite.refusal === null ? [] : [namedFields(suite)]),
  ];
}

function namedFields(suite: Suite): ConformanceTest {
  return suite.test(group, 'fields that the upstream refuses are told by our names', async (subject) => {
    const { refusal } = suite;
    assert.ok(refusal, 'the suite needs `refusal` (null: the upstream never names fields)');
    const [write] = suite.writes;
    assert.ok(write);
    const attempt = await attemptsAt(suite, subject, write).make();
    const { status, body, details } = refusal;
    subject.changes.meet({ kind: 'fault', fault: { kind: 'status', status, body } });
    const fault = await faultOf(attempt.run());
    assertCode(fault, 'invalid');
    assert.deepEqual(fault.details, details);
  });
}
