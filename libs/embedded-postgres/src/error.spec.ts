import { explainFileError, explainOutput } from './error.ts';

describe('explainOutput', () => {
  it.each([
    ['FATAL:  could not write to file "pg_wal/xlogtemp.29": No space left on device', 'disk_full'],
    ['initdb: error: could not change permissions of directory "/x": Operation not permitted', 'failed'],
    ['initdb: error: could not create directory "/x": Permission denied', 'unwritable'],
    ['FATAL:  lock file "postmaster.pid" already exists', 'in_use'],
  ])('%s', (output, code) => {
    expect(explainOutput('PostgreSQL', output, '/data')).toMatchObject({ code });
  });

  it('quotes the line that tells, on one line, and names the log', () => {
    const output =
      '2026-11-21 05:18:04.350 UTC [9] FATAL:  out of luck\n2026-11-21 05:18:04.351 UTC [9] LOG:  shut down\n';
    const { message } = explainOutput('PostgreSQL', output, '/data', '/data/postgres.log');
    expect(message).toBe('PostgreSQL failed: FATAL:  out of luck (its log: /data/postgres.log)');
  });

  it('has something to say when the program said nothing', () => {
    expect(explainOutput('initdb', '', '/data').message).toBe('initdb failed: no output');
  });
});

describe('explainFileError', () => {
  it.each([
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EACCES', 'unwritable'],
    ['EROFS', 'unwritable'],
    ['ENOTDIR', 'unwritable'],
  ])('%s', (code, expected) => {
    expect(explainFileError(Object.assign(new Error(code), { code }), '/data')).toMatchObject({
      code: expected,
    });
  });

  it('gives other errors back as they are', () => {
    const error = new TypeError('no');
    expect(explainFileError(error, '/data')).toBe(error);
  });
});
