import type { FastifyRequest } from 'fastify';
import { type Rows, rowsOf } from '../core/pages.ts';
import { isRecord } from '../core/population.ts';
import type { AppDeployment } from './app-form.ts';
import type { PaletteProject } from './projects.ts';

export const times = {
  creationTimestamp: (object: AppDeployment | PaletteProject) => object.metadata.creationTimestamp,
  lastModifiedTimestamp: (object: AppDeployment | PaletteProject) => object.metadata.lastModifiedTimestamp,
};

export function bodyOf(request: FastifyRequest): Record<string, unknown> {
  return isRecord(request.body) ? request.body : {};
}

/** The rows that pass, in the order asked for; the rows themselves, unread, when neither was asked for. */
export function chosen<T>(
  rows: Rows<T>,
  passes: ((row: T) => boolean) | undefined,
  order: ((left: T, right: T) => number) | undefined,
): Rows<T> {
  if (passes === undefined && order === undefined) return rows;
  const found = rows.slice(0, rows.size).filter((row) => passes?.(row) ?? true);
  return rowsOf(order === undefined ? found : found.sort(order));
}
