// The gateway as it is shipped, but that in every other slice of time its front asks nobody whether a ready list may go out.
// Asked over IPC, it tells what such a list has cost in the slices of either kind, which differ in nothing else.
import { Admissions } from '../../apps/gateway/dist/throttle/admission.js';

const sliceMs = 50;
const { ofReady } = Admissions.prototype;
const slices = { counted: { calls: 0, cpu: 0 }, free: { calls: 0, cpu: 0 } };
let kind = 'counted';
let inTurn = false;
let since = process.cpuUsage();

Admissions.prototype.ofReady = function (principal, request, tell) {
  slices[kind].calls += 1;
  if (kind === 'free') tell('');
  else ofReady.call(this, principal, request, tell);
};
setInterval(() => {
  const { user, system } = process.cpuUsage(since);
  since = process.cpuUsage();
  slices[kind].cpu += user + system;
  kind = inTurn && kind === 'counted' ? 'free' : 'counted';
}, sliceMs).unref();

process.on('message', (message) => {
  if (message === 'in turn') {
    inTurn = true;
    for (const one of Object.values(slices)) Object.assign(one, { calls: 0, cpu: 0 });
  }
  if (message === 'tell') {
    inTurn = false;
    process.send({ type: 'slices', slices });
  }
});
await import('../../apps/gateway/dist/main.js');
