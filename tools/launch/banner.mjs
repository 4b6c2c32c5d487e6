/** What `npm start` ends with: where it is, the keys, and one command to paste. */
export function banner({ url, docsUrl, rootKey, rootKeyFile, sources, play }, paint) {
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
    ...(play === undefined ? [] : playLines(play, paint)),
    paint.dim('  Ctrl-C stops everything'),
    '',
  ].join('\n');
}

/** The teams of the sandbox: a key each, and users of every role. */
function playLines({ password, teams }, paint) {
  const lines = teams.flatMap(({ slug, plan, users, key, scopes }) => [
    `  ${paint.dim('Team'.padEnd(8))} ${paint.bold(slug)} (${plan}): ${users.join(', ')}`,
    `  ${' '.repeat(8)} ${key}  ${paint.dim(`(${scopes})`)}`,
  ]);
  return [...lines, `  ${' '.repeat(8)} ${paint.dim('the password of every user:')} ${password}`, ''];
}
