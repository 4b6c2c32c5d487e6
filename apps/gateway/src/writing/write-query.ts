import { z } from 'zod';

const yes = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .default('false')
  .transform((word) => word === 'true');

const dryRun = yes.describe(
  'true: everything is checked and nothing is sent; the answer shows what would be',
);

export const writeQuery = z.strictObject({ dry_run: dryRun });
export const removeQuery = z.strictObject({
  dry_run: dryRun,
  force: yes.describe('true: whatever state it is in, where the platform allows it'),
  cleanup: yes.describe('true: with what hangs on it, where the platform allows it'),
});
export type WriteParameters = z.output<typeof writeQuery>;
export type RemoveParameters = z.output<typeof removeQuery>;
