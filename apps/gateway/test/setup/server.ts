import type pg from 'pg';

/** Environment variable through which the global setup tells the tests where their server is. */
const variable = 'FLEETGATE_TEST_SERVER';

interface Held {
  stop: () => Promise<void>;
}
const slot = globalThis as typeof globalThis & { fleetgateTestServer?: Held };

export function announceServer(config: pg.ClientConfig, stop: () => Promise<void>): void {
  process.env[variable] = JSON.stringify(config);
  slot.fleetgateTestServer = { stop };
}

export async function stopServer(): Promise<void> {
  await slot.fleetgateTestServer?.stop();
}

/** The server of this run, and a database on it that always exists. */
export function serverConfig(): pg.ClientConfig {
  return JSON.parse(process.env[variable] as string) as pg.ClientConfig;
}
