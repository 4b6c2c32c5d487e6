// The floors: servers with nothing of ours in them, raw node:http but for the proxy.
//   node floor.mjs bytes FILE [HEAD]          sends the bytes of FILE
//   node floor.mjs not-modified [HEAD]        answers 304
//   node floor.mjs sql FILE                   FILE: {database, statements: {path: [{name, text, values}]}}; runs those of the path by bare pg, sends the last's rows as they come
//   node floor.mjs proxy ORIGIN               @fastify/http-proxy in front of ORIGIN, and nothing else
// HEAD: a JSON file with the headers to send, [name, value, name, …]; without it there is little more than the length.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [kind, file, headFile] = process.argv.slice(2);
const json = 'application/json; charset=utf-8';

// The gateway's own session settings, so that both ask the server for the same work.
const sessionSettings =
  '-c TimeZone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off';
/** Every column as the text that came. */
const types = { getTypeParser: () => (text) => text };

const headOf = (path) => (path === undefined ? undefined : JSON.parse(readFileSync(path, 'utf8')));

async function handler() {
  if (kind === 'bytes') {
    const body = readFileSync(file);
    const head = headOf(headFile) ?? ['content-type', json, 'content-length', String(body.length)];
    return (_request, response) => {
      response.writeHead(200, head);
      response.end(body);
    };
  }
  if (kind === 'not-modified') {
    const head = headOf(file) ?? ['etag', 'W/"0123456789abcdef"'];
    return (_request, response) => {
      response.writeHead(304, head);
      response.end();
    };
  }
  const { default: pg } = await import(createRequire(import.meta.url).resolve('pg'));
  const { database, statements } = JSON.parse(readFileSync(file, 'utf8'));
  const pool = new pg.Pool({ connectionString: database, max: 20, options: sessionSettings, types });
  return async (request, response) => {
    try {
      let rows = [];
      for (const { name, text, values } of statements[request.url]) {
        ({ rows } = await pool.query({ name, text, values, rowMode: 'array' }));
      }
      const body = `{"data":[${rows.map((row) => row[2]).join(',')}]}`;
      response.writeHead(200, { 'content-type': json, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  };
}

async function listen() {
  if (kind === 'proxy') {
    const [{ fastify }, { default: proxy }] = await Promise.all([
      import('fastify'),
      import('@fastify/http-proxy'),
    ]);
    const app = fastify();
    await app.register(proxy, { upstream: file, undici: { connections: 256, keepAliveTimeout: 30_000 } });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server.address().port;
  }
  const server = createServer(await handler());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

const port = await listen();
process.send?.({ type: 'ready', port });
process.on('disconnect', () => process.exit(0));
