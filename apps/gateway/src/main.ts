import { createApp } from './app.ts';
import { run } from './boot/run.ts';

await run(createApp);
