// A process of its own that holds a server: node holder.ts DATA_DIR [PATIENCE_MS]. One JSON object per line on stdout;
// any input, or its end, stops the server in order. SIGINT is left to the test, as the gateway's own handler would.
import { type EmbeddedPostgresError, startEmbeddedPostgres } from '../src/index.ts';

const [dataDir = '', patienceMs = '200'] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

process.on('SIGINT', () => say({ interrupted: true }));
try {
  const server = await startEmbeddedPostgres({
    dataDir,
    patienceMs: Number(patienceMs),
    onProgress: (step) => say({ step }),
  });
  say({ ready: true, pid: server.pid, adopted: server.adopted, host: server.host });
  process.stdin.once('data', () => {
    void server.stop().then(() => process.exit(0));
  });
} catch (error) {
  const { code, message } = error as EmbeddedPostgresError;
  say({ code, message });
  process.exit(1);
}
