/** PostgreSQL settings, by their own names. */
export type ServerSettings = Record<string, string | number>;

/** For one gateway on a laptop: a modest amount of memory, writes that come in batches, everything indexed on an SSD. */
const laptop: ServerSettings = {
  shared_buffers: '128MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '5min',
  wal_compression: 'on',
  random_page_cost: 1.1,
  effective_io_concurrency: 64,
  jit: 'off',
  track_io_timing: 'off',
  // A sync rewrites much of one table at once: statistics and dead rows are minded sooner than by default.
  autovacuum_naptime: '20s',
  autovacuum_vacuum_scale_factor: 0.05,
  autovacuum_vacuum_insert_scale_factor: 0.1,
  autovacuum_analyze_scale_factor: 0.02,
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements and row contents stay out of the log file: they may hold what is secret.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** Only a test may lose its data with the machine. */
const volatile: ServerSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export function serverArguments(
  data: string,
  socketFolder: string,
  port: number,
  options: { durable: boolean; maxConnections: number; settings: ServerSettings },
): string[] {
  const settings: ServerSettings = {
    ...laptop,
    max_connections: options.maxConnections,
    ...(options.durable ? {} : volatile),
    ...options.settings,
    // Last, so that nobody opens a TCP port by a setting.
    listen_addresses: '',
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0700',
    port,
  };
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', data, ...pairs];
}
