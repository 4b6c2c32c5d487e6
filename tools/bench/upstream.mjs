// One emulated upstream, its clock standing still: node upstream.mjs NAME SCALE
import { startUpstream } from '../../libs/sandbox/dist/index.js';

const [name, scale] = process.argv.slice(2);
const upstream = await startUpstream(name, { scale: Number(scale), frozen: true });
process.send?.({ type: 'ready', baseUrl: upstream.baseUrl, credentials: upstream.credentials });
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => void upstream.close().then(() => process.exit(0)));
