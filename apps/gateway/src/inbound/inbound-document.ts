import type { OpenAPIObject } from '@nestjs/swagger';

const description = `For the platform itself: the address that its webhook sends to. A message counts only when it is signed, by
[Standard Webhooks](https://www.standardwebhooks.com), with the \`webhookSecret\` of the connection; the gateway then asks the
platform what is true, and takes in that. Whoever cannot sign hears 401, whether there is such a connection or not.`;

const failure = (text: string) => ({
  description: text,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

/** Describes the route by which platforms tell that something has happened; Nest does not know of it. */
export function describeInbound(document: OpenAPIObject): void {
  const header = (name: string) =>
    ({ name, in: 'header', required: true, schema: { type: 'string' } }) as const;
  document.paths['/v1/connections/{id}/inbound'] = {
    post: {
      operationId: 'Inbound_take',
      tags: ['connections'],
      summary: 'A message of the platform',
      description,
      security: [],
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'string' }, description: 'the connection' },
        ...['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(header),
      ],
      requestBody: { required: true, content: { 'application/json': { schema: {} } } },
      responses: {
        204: { description: 'what it is about was looked at' },
        '4XX': failure('not signed, or not to be read'),
        '5XX': failure('the platform did not answer: send it again'),
      },
    },
  };
}
