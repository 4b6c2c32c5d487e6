import { startUpstream, type Upstream, upstreamNames } from '@fleetgate/sandbox';
import { helpText, readSettings, type Settings } from './settings.ts';

if (process.argv.includes('--help')) {
  process.stdout.write(helpText);
} else {
  const result = readSettings(process.env);
  if ('problems' in result) {
    process.stderr.write(result.problems.map((problem) => `sandbox: ${problem}\n`).join(''));
    process.exitCode = 1;
  } else {
    await run(result.settings);
  }
}

async function run(settings: Settings): Promise<void> {
  const started: Upstream[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((upstream) => upstream.close()));
    if (process.connected) process.disconnect();
  };
  let stopping = false;
  const stopOnce = (): void => {
    if (stopping) return; // a second signal does not disturb the first
    stopping = true;
    void stop();
  };
  for (const [place, name] of upstreamNames.entries()) {
    const port = settings.basePort === 0 ? 0 : settings.basePort + place;
    try {
      const { host, scale, seed } = settings;
      started.push(await startUpstream(name, { host, port, scale, seed }));
    } catch (error) {
      process.stderr.write(`sandbox: ${reasonOf(error, name, port, settings)}\n`);
      process.exitCode = 1;
      await stop();
      return;
    }
  }
  process.on('SIGINT', stopOnce);
  process.on('SIGTERM', stopOnce);
  for (const upstream of started) {
    process.stdout.write(
      `${upstream.name.padEnd(20)} ${upstream.baseUrl}   steer it: ${upstream.origin}/_sandbox\n`,
    );
  }
  if (process.send === undefined) return;
  process.on('disconnect', stopOnce); // whoever started this is gone
  process.send({ type: 'ready', upstreams: started.map(({ name, baseUrl }) => ({ name, baseUrl })) });
}

function reasonOf(error: unknown, name: string, port: number, settings: Settings): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return `port ${port} (${name}) is taken; free it, or set FLEETGATE_SANDBOX_PORT to another base port (now ${settings.basePort})`;
  }
  if (code === 'EACCES') {
    return `port ${port} (${name}) needs privileges; set FLEETGATE_SANDBOX_PORT to a base port above 1023`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `cannot listen on ${settings.host}; set FLEETGATE_SANDBOX_HOST to an address of this machine`;
  }
  return `${name} did not start: ${error instanceof Error ? error.message : String(error)}`;
}
