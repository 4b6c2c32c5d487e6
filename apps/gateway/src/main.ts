import './boot/memory.ts';
import { run } from './boot/run.ts';

// Loaded only when it is needed: a wrong setting is told before the framework is read.
await run(async (parts) => (await import('./app.ts')).createApp(parts));
