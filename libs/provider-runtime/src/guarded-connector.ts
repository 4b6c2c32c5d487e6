import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/** Opens sockets for undici; `lookup`, where given, is asked for every one of them, also where the host is an address itself. */
export function guardedConnector(
  options: buildConnector.BuildOptions & { lookup?: LookupFunction },
): buildConnector.connector {
  const connect = buildConnector(options);
  const { lookup } = options;
  if (!lookup) return connect;
  // Node itself looks up names only.
  return (target, callback) => {
    if (isIP(target.hostname) === 0) return connect(target, callback);
    lookup(target.hostname, { all: true }, (error) =>
      error ? callback(error, null) : connect(target, callback),
    );
  };
}
