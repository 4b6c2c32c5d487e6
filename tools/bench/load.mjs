// A load over keep-alive connections, as cheap as it can be, in a process of its own that is told over IPC what to do:
//   {"port":8080,"seconds":3,"connections":32,"paths":["/"],"from":0,"headers":{}}
// Each connection asks for one path after the other (the first: `from`) and reads each answer whole. Says what came of it.
import { connect } from 'node:net';

process.on('message', (options) =>
  load(options).then(
    (result) => process.send({ type: 'done', result }),
    (error) => process.send({ type: 'failed', message: error.message }),
  ),
);
process.on('disconnect', () => process.exit(0));
process.send({ type: 'ready' });

async function load({
  host = '127.0.0.1',
  port,
  seconds,
  connections,
  paths,
  from = 0,
  headers = {},
  awake = false,
}) {
  const headerText = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const until = Date.now() + seconds * 1000;
  let next = from;
  const statuses = {};
  const latencies = [];
  let bytes = 0;

  function request() {
    const path = paths[next++ % paths.length];
    return `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${headerText}\r\n`;
  }

  function run() {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      let pending = [];
      let have = 0;
      let need = -1;
      let asked = 0;
      const ask = () => {
        asked = performance.now();
        socket.write(request());
      };
      socket.on('connect', ask);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        pending.push(chunk);
        have += chunk.length;
        if (need < 0) {
          const all = pending.length === 1 ? chunk : Buffer.concat(pending);
          pending = [all];
          const end = all.indexOf('\r\n\r\n');
          if (end < 0) return;
          const head = all.toString('latin1', 0, end);
          const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
          const status = head.slice(9, 12);
          if (length === undefined && status !== '304')
            return reject(new Error(`no content-length: ${head}`));
          statuses[status] = (statuses[status] ?? 0) + 1;
          need = end + 4 + Number(length ?? 0);
        }
        if (have < need) return;
        if (have > need) return reject(new Error('more bytes than one answer has'));
        latencies.push(performance.now() - asked);
        bytes += have;
        pending = [];
        have = 0;
        need = -1;
        if (Date.now() < until) ask();
        else {
          socket.destroy();
          resolve();
        }
      });
    });
  }

  let done = false;
  const stayAwake = () => done || setImmediate(stayAwake);
  if (awake) stayAwake();
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, run));
  done = true;
  const elapsed = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return { requests: latencies.length, next, elapsed, statuses, bytes, p50: at(0.5), p99: at(0.99) };
}
