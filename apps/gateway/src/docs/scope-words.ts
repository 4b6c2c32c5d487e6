import type { OpenAPIObject } from '@nestjs/swagger';
import { accessExtension } from '../access/access.ts';

type Described = { security?: Record<string, string[]>[]; description?: string } & Record<string, unknown>;

/** Says of every route which scope it needs, in the terms of OpenAPI and for people. */
export function describeScopes(document: OpenAPIObject): void {
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item) as Described[]);
  for (const operation of operations) {
    const rule = operation[accessExtension];
    delete operation[accessExtension];
    if (typeof rule !== 'string') continue;
    if (rule === 'open') delete operation.security;
    else if (rule !== 'signed_in') {
      if (rule !== 'root') operation.security = [{ bearer: [rule] }];
      const words = rule === 'root' ? 'Needs the root key.' : `Needs the scope \`${rule}\`.`;
      operation.description = operation.description ? `${operation.description}\n\n${words}` : words;
    }
  }
}
