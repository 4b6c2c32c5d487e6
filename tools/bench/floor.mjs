// The floors: raw node:http servers with nothing of ours in them.
//   node floor.mjs bytes FILE                 sends the bytes of FILE
//   node floor.mjs not-modified               answers 304 with an etag
//   node floor.mjs sql FILE                   FILE: {database, statements: {path: [{name, text, values}]}}; runs those of the path by bare pg, sends the last's rows as they come
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [kind, file] = process.argv.slice(2);
const json = 'application/json; charset=utf-8';

// The gateway's own session settings, so that both ask the server for the same work.
const sessionSettings =
  '-c TimeZone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off';
/** Every column as the text that came. */
const types = { getTypeParser: () => (text) => text };

async function handler() {
  if (kind === 'bytes') {
    const body = readFileSync(file);
    return (_request, response) => {
      response.writeHead(200, { 'content-type': json, 'content-length': body.length });
      response.end(body);
    };
  }
  if (kind === 'not-modified') {
    return (_request, response) => {
      response.writeHead(304, { etag: 'W/"0123456789abcdef"' });
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

const server = createServer(await handler());
server.listen(0, '127.0.0.1', () => process.send?.({ type: 'ready', port: server.address().port }));
process.on('disconnect', () => process.exit(0));
