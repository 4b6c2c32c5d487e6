import { jsonSchemaOf } from '../../../apps/gateway/src/providers/capabilities.ts';
import { Refusal } from '../provider/refusal.mjs';

/** `apiKey` → `FLEETGATE_CHECK_API_KEY` */
export function variableOf(setting) {
  return `FLEETGATE_CHECK_${setting.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}`;
}

/**
 * The settings of an upstream that is in use: from the environment, where secrets belong, and from `--setting name=value`. Numbers
 * and objects are given as JSON.
 */
export function liveSettings({ definition, baseUrl, given, environment }) {
  const { properties = {} } = jsonSchemaOf(definition.settings);
  const known = Object.keys(properties);
  const settings = { baseUrl };
  for (const name of known) {
    const text = environment[variableOf(name)];
    if (text !== undefined && text !== '') settings[name] = readValue(text, properties[name]);
  }
  const problems = [];
  for (const pair of given) {
    const [, name, text] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
    if (name === undefined) problems.push(`--setting takes name=value, not "${pair.split('=')[0]}"`);
    else if (!known.includes(name))
      problems.push(`--setting: ${definition.id} has no "${name}"; it has ${known.join(', ')}`);
    else settings[name] = readValue(text, properties[name]);
  }
  const parsed = definition.settings.safeParse(settings);
  if (problems.length === 0 && !parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const name = path.map(String).join('.');
      problems.push(
        `${name || 'the settings'}: ${message}${name ? ` (${variableOf(String(path[0]))})` : ''}`,
      );
    }
  }
  if (problems.length > 0) throw new Refusal(problems);
  return parsed.data;
}

function readValue(text, { type }) {
  if (type === 'string' || type === undefined) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // the schema says what is wrong with it
  }
}
