/** What `npm start` ends with: where it is, the key, and one command to paste. */
export function banner({ url, docsUrl, rootKey, rootKeyFile, sources }, paint) {
  const key = rootKey ?? '$FLEETGATE_ROOT_KEY';
  const kept = rootKeyFile === undefined ? '' : paint.dim(`  (kept in ${rootKeyFile})`);
  const rows = [
    ['API', paint.cyan(url)],
    ['Docs', paint.cyan(docsUrl)],
    ['Key', rootKey === undefined ? 'the one in FLEETGATE_ROOT_KEY' : `${rootKey}${kept}`],
    ...(sources.total > 0 ? [['Sources', `${sources.fresh} of ${sources.total} fresh`]] : []),
  ];
  return [
    '',
    `  ${paint.bold('Fleetgate')} answers`,
    '',
    ...rows.map(([name, value]) => `  ${paint.dim(name.padEnd(8))} ${value}`),
    '',
    `  curl -H "Authorization: Bearer ${key}" ${url}/v1/clusters`,
    '',
    paint.dim('  Ctrl-C stops everything'),
    '',
  ].join('\n');
}
