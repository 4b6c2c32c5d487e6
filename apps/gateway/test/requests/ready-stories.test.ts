import type { IncomingMessage } from 'node:http';
import type { Principal } from '../../src/access/principal.ts';
import { ReadyStories } from '../../src/requests/ready-stories.ts';

const request = { url: '/v1/clusters?limit=7', headers: {} } as IncomingMessage;
const principal = { id: 'key_1', kind: 'api_key', name: 'ci' } as Principal;
const list = { request, principal, now: Date.parse('2026-03-01T09:30:00Z') };
const prepared = { route: '/v1/clusters', status: 200 };

function stories(sample: number) {
  const kept: string[] = [];
  const all = new ReadyStories({ clean: (text) => text, slowMs: 1000, sample });
  all.keep = ({ record, slow }) => void kept.push(`${record.id}${slow ? ' slow' : ''}`);
  return { kept, give: (id: number, ms = 0.1) => all.given(String(id), list, prepared, ms) };
}

it('keeps one of so many, and all that took long', () => {
  const { kept, give } = stories(0.1);
  for (let id = 1; id <= 30; id++) give(id, id === 15 ? 1000 : 0.1);
  expect(kept).toEqual(['10', '15 slow', '20', '30']);
});

it('keeps none but those that took long where none are wanted', () => {
  const { kept, give } = stories(0);
  for (let id = 1; id <= 1000; id++) give(id, id === 500 ? 2000 : 0.1);
  expect(kept).toEqual(['500 slow']);
});
