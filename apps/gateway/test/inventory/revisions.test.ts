import { nobody, Revisions } from '../../src/inventory/revisions.ts';

const data = (revisions: Revisions) => revisions.data(['cluster']);

it('a count never comes back to a value that it had, whatever is forgotten in whatever order', () => {
  const revisions = new Revisions();
  const seen = [data(revisions)];
  const see = () => {
    const now = data(revisions);
    expect(now).toBeGreaterThan(seen.at(-1) as number);
    seen.push(now);
  };
  revisions.note('a', 'cluster', 10);
  see();
  revisions.note('b', 'cluster', 3);
  see();
  revisions.fold('a', { cluster: 11 });
  see();
  revisions.fold('a', { cluster: 11 }); // the same news again
  expect(data(revisions)).toBe(seen.at(-1));
  const mark = revisions.mark();
  revisions.takeAll([[nobody, 'cluster', 15]], mark); // b is gone as well
  see();
  expect(data(revisions)).toBe(15);
  revisions.takeAll([], revisions.mark()); // nothing is there any more: a database that was put back
  see();
});

it('what was noted while everything was read is not taken for gone', () => {
  const revisions = new Revisions();
  const mark = revisions.mark();
  revisions.note('new', 'cluster', 1);
  revisions.takeAll([['old', 'cluster', 4]], mark);
  expect(data(revisions)).toBe(5);
});

it('other connections are another count, though no row has changed', () => {
  const revisions = new Revisions();
  const before = revisions.of(['cluster']);
  revisions.relinked();
  expect(revisions.of(['cluster'])).not.toBe(before);
  expect(data(revisions)).toBe(0);
});
