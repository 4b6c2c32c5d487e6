import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { scopeWords } from '../access/scopes.ts';
import { version } from '../boot/version.ts';
import { installedProviders } from '../connections/installed.ts';
import { describeInbound } from '../inbound/inbound-document.ts';
import { describeNative } from '../native/native-document.ts';
import { saidScope } from '../oauth/scope-words.ts';
import { showExamples } from './examples.ts';
import { describeExplain } from './explained.ts';
import { describeInstalled } from './installed-table.ts';
import { postmanCollectionOf } from './postman.ts';
import { describeScopes } from './scope-words.ts';
import { describeSpecs } from './spec-schemas.ts';

const description = `One stable API for every project, deployment and cluster, whatever platform holds them.

Send an API key or a token as \`Authorization: Bearer <key>\`. Every answer carries a \`requestId\`, in its body and as \`X-Request-Id\`;
every error has the same envelope. Lists are answered from the inventory and name, under \`sources\`, how fresh each
connection's part is; \`X-Fleetgate-Complete: false\` says that one is missing.

Every answer says how many calls are left (\`X-RateLimit-Limit\`, \`-Remaining\`, and \`-Reset\` in Unix seconds; \`RateLimit\` and
\`RateLimit-Policy\` name all limits). One call too many gets 429 \`rate_limited\` with \`Retry-After\`, and counts for nothing.`;

const scopes = Object.fromEntries(scopeWords.map((word) => [word, saidScope(word)?.text ?? word]));
const oauthFlows = {
  type: 'oauth2',
  description: 'the gateway’s own server; /.well-known/openid-configuration says the rest',
  flows: {
    authorizationCode: { authorizationUrl: '/oauth/authorize', tokenUrl: '/oauth/token', scopes },
    clientCredentials: { tokenUrl: '/oauth/token', scopes },
  },
} as const;

/** OpenAPI 3.1, made from the same zod schemas that check requests and describe answers. */
export function openApiOf(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Fleetgate')
    .setDescription(description)
    .setVersion(version())
    .setOpenAPIVersion('3.1.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'an API key, or a token: of POST /v1/login, of OAuth, or of an issuer that is trusted',
    })
    .addOAuth2(oauthFlows)
    .addServer('/')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    autoTagControllers: false, // each route says its own
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  describeSpecs(document, installedProviders);
  describeInstalled(document, installedProviders);
  describeScopes(document);
  describeNative(document);
  describeInbound(document);
  describeExplain(document);
  showExamples(document);
  return document;
}

const css = `
  .swagger-ui .topbar { display: none }
  .swagger-ui .info { margin: 32px 0 }
  .swagger-ui .info .title { font-size: 32px }
`;

/** Serves /openapi.json, /postman-collection.json and the page at /docs; the document is made when it is first asked for. */
export function serveDocuments(app: INestApplication, server: FastifyInstance): void {
  let made: OpenAPIObject | undefined;
  const document = () => {
    made ??= openApiOf(app);
    return made;
  };
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Fleetgate API',
    customCss: css,
    swaggerOptions: { persistAuthorization: true, tagsSorter: 'alpha', docExpansion: 'list' },
  });
  let collection: string | undefined;
  server.get('/postman-collection.json', { config: { access: 'open' } }, async (_request, reply) => {
    collection ??= JSON.stringify(postmanCollectionOf(document()));
    return reply.type('application/json; charset=utf-8').send(collection);
  });
}
