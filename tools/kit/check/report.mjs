/** lines of one failure that people are shown */
const mostLines = 12;

/**
 * What a run has shown, for programs.
 * @param capabilities facet → its operations
 */
export function reportOf({
  definition,
  upstream,
  capabilities,
  results,
  deviations = [],
  quirks,
  unknownWords = {},
  ms,
}) {
  const groups = [...Map.groupBy(results, ({ group }) => group)].map(([name, tests]) => ({
    name,
    passed: tests.filter(({ passed }) => passed).length,
    failed: tests.filter(({ passed }) => !passed).length,
    tests: tests.map(({ group: _, ...test }) => test),
  }));
  const failed = results.filter(({ passed }) => !passed).length;
  return {
    provider: definition.id,
    title: definition.title,
    upstream,
    conforms: failed === 0,
    passed: results.length - failed,
    failed,
    duration_ms: Math.round(ms),
    capabilities,
    groups,
    deviations: deviations.map(({ test, reason }) => ({ test, reason })),
    quirks,
    unknown_words: unknownWords,
  };
}

/** The same for people. */
export function textOf(report) {
  const facets = Object.keys(report.capabilities);
  const width = Math.max(...report.groups.map(({ name }) => name.length), 'cluster groups'.length) + 2;
  const line = ({ name, passed, failed, tests }) => {
    const count = `${passed} of ${passed + failed}`;
    const can = report.capabilities[name]?.join(', ') ?? '';
    const row = `  ${failed === 0 ? '✓' : '✗'} ${name.padEnd(width)}${can === '' ? count : `${count.padEnd(14)}${can}`}`;
    const failures = Map.groupBy(
      tests.filter((test) => !test.passed),
      ({ error }) => error,
    );
    return [row, ...[...failures].flatMap(failureLines)];
  };
  const isFacet = ({ name }) => facets.includes(name);
  const missing = ['projects', 'deployments', 'releases', 'clusters', 'clusterGroups'].filter(
    (one) => !facets.includes(one),
  );
  return [
    `${report.title} (${report.provider}) against ${report.upstream}`,
    ...section('What holds for all of it', report.groups.filter((group) => !isFacet(group)).flatMap(line)),
    ...section('Capability by capability', [
      ...report.groups.filter(isFacet).flatMap(line),
      ...missing.map((name) => `  – ${name.padEnd(width)}not offered`),
    ]),
    ...section(
      'Deviations',
      report.deviations.flatMap(({ test, reason }) => [`  ${test}`, `    because ${reason}`]),
    ),
    ...section(
      'Words for a status that it does not know (they read as unknown)',
      Object.entries(report.unknown_words).map(([facet, words]) => `  ${facet}: ${words.join(', ')}`),
    ),
    ...section(
      'Quirks, as its README tells them',
      report.quirks.map((quirk) => `  - ${quirk}`),
    ),
    '',
    `${report.passed} of ${report.passed + report.failed} passed in ${(report.duration_ms / 1000).toFixed(1)} s: ${report.conforms ? 'it conforms' : 'it does not conform'}.`,
    '',
  ].join('\n');
}

function section(title, lines) {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

/** What several tests have failed with is told once. */
function failureLines([error, tests]) {
  const lines = error.split('\n');
  const more = lines.length > mostLines ? [`… ${lines.length - mostLines} more lines`] : [];
  return [
    ...tests.map(({ name }) => `      ${name}`),
    ...[...lines.slice(0, mostLines), ...more].map((text) => `        ${text}`),
  ];
}
