import { kinds } from '@fleetgate/model';
import { facetOf, readOperations } from '../src/index.ts';

it('every kind has a facet of its own', () => {
  expect(kinds.map((kind) => facetOf[kind])).toEqual([
    'projects',
    'clusters',
    'clusterGroups',
    'deployments',
    'releases',
  ]);
});

it('only reads may be shared and repeated', () => {
  expect(readOperations).toEqual(['identify', 'list', 'get']);
});
