// Stands for the sandbox and for the gateway: keeps a diary, and behaves as FAKE says. The launcher cannot tell.
import { appendFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

const name = basename(dirname(dirname(import.meta.filename)));
const note = (text) => appendFileSync(process.env.FAKE_DIARY, `${name} ${text}\n`);
const behaviour = JSON.parse(process.env.FAKE ?? '{}')[name] ?? 'good';

note(
  `started ${JSON.stringify({ config: process.env.FLEETGATE_CONFIG, palette: process.env.FLEETGATE_SANDBOX_PALETTE_URL, launched: process.env.FLEETGATE_LAUNCHED, teams: process.env.FLEETGATE_SANDBOX_TEAMS })}`,
);
const play = {
  password: 'to-play-with',
  teams: [{ slug: 'stores', plan: 'free', users: ['owner@stores'], key: 'fg_live_fake', scopes: 'read' }],
};
process.on('SIGINT', () => note('SIGINT'));
process.on('SIGTERM', () => {
  note('SIGTERM');
  if (behaviour === 'stubborn') return;
  note('ended');
  process.exit(0);
});
process.on('disconnect', () => {
  note('disconnected');
  process.exit(0);
});

if (process.argv.includes('--help')) {
  process.stdout.write('help of the gateway\n');
  process.exit(0);
} else if (behaviour === 'taken') {
  process.stderr.write(`${name}: port 8180 is taken\n`);
  process.exitCode = 1;
  process.disconnect();
} else if (behaviour === 'failed') {
  process.send(
    { type: 'failed', message: 'port 8080 is taken: stop what uses it, or set FLEETGATE_PORT' },
    () => process.exit(1),
  );
} else {
  process.send({ type: 'progress', step: 'database' });
  process.send(
    name === 'sandbox'
      ? { type: 'ready', upstreams: [{ name: 'palette', baseUrl: 'http://127.0.0.1:1' }] }
      : {
          type: 'ready',
          url: 'http://127.0.0.1:8080',
          docsUrl: 'http://127.0.0.1:8080/docs',
          rootKey: 'fg_root_fake',
          rootKeyFile: '.fleetgate/root.key',
          sources: { fresh: 5, total: 5 },
          ...(process.env.FLEETGATE_SANDBOX_TEAMS === 'on' ? { play } : {}),
        },
  );
  if (behaviour === 'dies') setTimeout(() => process.exit(3), 200);
}
