import type { OpenAPIObject } from '@nestjs/swagger';

/** HEAD is left out, as it is of every route: it goes where GET goes. */
const methods = ['get', 'post', 'put', 'patch', 'delete', 'options'] as const;

const description = `Whatever the platform itself can do, with the connection's credentials in place of yours, within its limits, and with the request id
added. Path, query, body and answer go through as they are: the platform describes them. \`X-Fleetgate-Upstream\` names the connection
that an answer comes from; an answer without it is our own error, in the envelope of all errors.

Needs the scope \`native:call\`.`;

const anything = { '*/*': { schema: {} } };
const failure = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } }, ...anything };

/** Describes the one route that Nest does not know: what goes through to a platform's own API. */
export function describeNative(document: OpenAPIObject): void {
  const operations = methods.map((method) => [
    method,
    {
      operationId: `Native_${method}`,
      tags: ['native'],
      summary: `${method.toUpperCase()} at the platform's own API`,
      description,
      security: [{ bearer: ['native:call'] }],
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'string' }, description: 'the connection' },
        {
          name: 'path',
          in: 'path',
          required: true,
          schema: { type: 'string' },
          description:
            'below the base address of the connection; slashes are not encoded, and a query may follow',
        },
      ],
      ...(method === 'get' || method === 'options'
        ? {}
        : { requestBody: { required: false, content: anything } }),
      responses: {
        '2XX': { description: 'what the platform answers', content: anything },
        '4XX': { description: 'refused, by the platform or here', content: failure },
        '5XX': { description: 'failed, at the platform or here', content: failure },
      },
    },
  ]);
  document.paths['/v1/connections/{id}/native/{path}'] = Object.fromEntries(operations);
}
