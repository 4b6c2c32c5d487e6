// npm run check:provider -- NAME: the conformance suite, as a report for people, or for programs.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { capabilitiesOf } from '../../apps/gateway/src/providers/capabilities.ts';
import { conformanceTests, liveTests, withDeviations } from '../../libs/provider-conformance/src/index.ts';
import { reportOf, textOf } from './check/report.mjs';
import { runAll } from './check/runs.mjs';
import { liveSettings } from './check/settings.mjs';
import { subjectOf } from './check/subject.mjs';
import { inert } from './matrix/inert.mjs';
import { Refusal } from './provider/refusal.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** tests under way at once against an upstream that others use as well */
const atOnceLive = 1;

const help = `Usage: npm run check:provider -- NAME [options]

Runs the conformance suite on libs/providers/NAME against its emulated upstream, and tells capability by capability what holds, which
deviations it has and why, and its quirks.

  --json                  the same for programs
  --base-url URL          against an upstream that is in use instead: only what reads, and nothing is changed there
  --setting NAME=VALUE    with --base-url: a setting of the provider, as often as there are; secrets are better given by environment,
                          where setting apiKey is FLEETGATE_CHECK_API_KEY
  --help

It ends with 0 when the provider conforms, with 1 when it does not, and with 2 when it could not be asked.

FLEETGATE_CHECK_API_KEY=… npm run check:provider -- fleet-manager --base-url https://api.example.com/api/v2
`;

try {
  const { values, positionals } = read(process.argv.slice(2));
  if (values.help) process.stdout.write(help);
  else await check(values, positionals);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  for (const reason of error.reasons) process.stderr.write(`check:provider: ${reason}\n`);
  process.stderr.write('npm run check:provider -- --help tells what it takes\n');
  process.exitCode = 2;
}

function read(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: flag,
        'base-url': text,
        setting: { ...text, multiple: true },
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    throw new Refusal([error.message]); // parseArgs names what it does not know
  }
}

async function check({ json, 'base-url': baseUrl, setting = [] }, [name, ...others]) {
  if (others.length > 0) throw new Refusal([`one provider at a time, not ${[name, ...others].join(' ')}`]);
  if (baseUrl === undefined && setting.length > 0) throw new Refusal(['--setting goes with --base-url']);
  const { options, quirks } = await subjectOf(root, name);
  const { definition } = options;
  const began = performance.now();
  const ran = baseUrl === undefined ? await emulated(options) : await live(definition, baseUrl, setting);
  const example = definition.connect(definition.settings.parse(definition.example), inert);
  const { account: _, ...capabilities } = capabilitiesOf(example);
  const report = reportOf({ definition, capabilities, quirks, ms: performance.now() - began, ...ran });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
  process.exitCode = report.conforms ? 0 : 1;
}

async function emulated(options) {
  const { deviations = [] } = options;
  const results = await runAll(withDeviations(conformanceTests(options), deviations));
  return { upstream: 'its emulated upstream', results, deviations };
}

async function live(definition, baseUrl, given) {
  const settings = liveSettings({ definition, baseUrl, given, environment: process.env });
  const { tests, unknownWords, close } = liveTests({ definition, settings });
  try {
    const results = await runAll(tests, atOnceLive);
    return { upstream: `${baseUrl} (what reads)`, results, unknownWords: unknownWords() };
  } finally {
    await close();
  }
}
