// The gateway as it is shipped, but that in every other slice of time its front asks nobody whether a ready list may go out.
// Asked over IPC, it tells what a ready list has cost in the slices of either kind: the two differ in nothing else.
import { Admissions } from '../../apps/gateway/dist/throttle/admission.js';

const sliceMs = 50;
const none = [];
const { ofReady } = Admissions.prototype;
const kinds = { counted: { calls: 0, cpu: 0 }, free: { calls: 0, cpu: 0 } };
let kind = 'free';
let since = process.cpuUsage();

Admissions.prototype.ofReady = function (...given) {
  kinds[kind].calls += 1;
  return kind === 'free' ? none : ofReady.apply(this, given);
};
setInterval(() => {
  const { user, system } = process.cpuUsage(since);
  since = process.cpuUsage();
  kinds[kind].cpu += user + system;
  kind = kind === 'free' ? 'counted' : 'free';
}, sliceMs).unref();
process.on('message', (message) => {
  if (message === 'forget') for (const one of Object.values(kinds)) Object.assign(one, { calls: 0, cpu: 0 });
  if (message === 'tell') process.send({ type: 'figures', kinds });
});
await import('../../apps/gateway/dist/main.js');
