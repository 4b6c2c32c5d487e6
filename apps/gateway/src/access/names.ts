import { z } from 'zod';

/** What people call something. */
export const Name = z
  .string()
  .trim()
  .min(1, { error: 'must not be empty' })
  .max(100, { error: 'must have at most 100 characters' })
  .regex(/^\P{Cc}*$/u, { error: 'must have no control characters' });
