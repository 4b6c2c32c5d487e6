import { upstreamNames } from '@fleetgate/sandbox';

/** What the environment says, checked. */
export interface Settings {
  /** Port of the first upstream, the others follow; 0: any free ports. */
  basePort: number;
  host: string;
  scale: number;
  seed: string;
}

export type SettingsResult = { settings: Settings } | { problems: string[] };

const defaultBase = 8180;
const highestBase = 65_535 - (upstreamNames.length - 1);

/** Reads every setting and names every bad one, not just the first. An empty text counts as absent. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): SettingsResult {
  const problems: string[] = [];
  const whole = (name: string, otherwise: number, least: number, most: number): number => {
    const text = environment[name];
    if (text === undefined || text === '') return otherwise;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    problems.push(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
    return otherwise;
  };
  const text = (name: string, otherwise: string): string => {
    const value = environment[name];
    if (value === undefined || value === '') return otherwise;
    if (!/\s/.test(value)) return value;
    problems.push(`${name} must not hold white space`);
    return otherwise;
  };
  const settings: Settings = {
    basePort: whole('FLEETGATE_SANDBOX_PORT', defaultBase, 0, highestBase),
    host: text('FLEETGATE_SANDBOX_HOST', '127.0.0.1'),
    scale: whole('FLEETGATE_SANDBOX_SCALE', 60, 10, 100_000),
    seed: text('FLEETGATE_SANDBOX_SEED', 'fleetgate'),
  };
  return problems.length > 0 ? { problems } : { settings };
}

/** `8180 kubestellar-toolkit, 8181 app-platform, …`, wrapped. */
const ports = upstreamNames
  .map((name, place) => `${defaultBase + place} ${name}`)
  .reduce<string[][]>((lines, port, place) => {
    if (place % 3 === 0) lines.push([]);
    lines.at(-1)?.push(port);
    return lines;
  }, [])
  .map((line) => line.join(', '))
  .join(`,\n${' '.repeat(27)}`);

export const helpText = `Serves the ${upstreamNames.length} emulated upstreams, each on a port of its own, until it is stopped.

Settings, by environment:
  FLEETGATE_SANDBOX_PORT   port of the first upstream, the others follow (${defaultBase}; 0: any free ports)
                           ${ports}
  FLEETGATE_SANDBOX_HOST   address to listen on (127.0.0.1)
  FLEETGATE_SANDBOX_SCALE  about how many objects each upstream holds, 10 to 100000 (60)
  FLEETGATE_SANDBOX_SEED   same seed, same objects (fleetgate)

Every upstream is steered on its own port, without credentials: curl http://127.0.0.1:8182/_sandbox
`;
