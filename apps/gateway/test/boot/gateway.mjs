// The program's own boot around a small server in place of the API, so that a process of it starts without being built.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { run } from '../../src/boot/run.ts';

await run(async ({ config, database, connections }) => {
  const client = new pg.Client('url' in database ? { connectionString: database.url } : database);
  client.on('error', () => {});
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS visits (at timestamptz)');
  const server = createServer(async ({ url }, response) => {
    if (url === '/visit') await client.query('INSERT INTO visits VALUES (now())');
    if (url === '/slow') await sleep(300);
    if (url === '/hang') return;
    if (url === '/crash') void Promise.reject(new Error(`nobody caught this, with ${config.rootKey}`));
    const { rows } = await client.query('SELECT count(*)::int AS visits FROM visits');
    response.setHeader('connection', 'close'); // a socket kept alive would hold up the stop
    response.end(JSON.stringify({ visits: rows[0].visits, connections: connections.all().length }));
  });
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.port, config.host, () =>
          resolve({ url: `http://${config.host}:${server.address().port}` }),
        );
      }),
    firstSync: async () => ({ fresh: 1, total: 2 }),
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await client.end();
    },
  };
});
