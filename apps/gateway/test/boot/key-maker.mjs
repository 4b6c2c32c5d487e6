// Asks for the key in the file that it is given, as soon as it is told to: one of several that start at once.
import { keptKey, rootKeyKind } from '../../src/config/key-files.ts';

process.once('message', () => {
  process.send(keptKey(process.argv[2], rootKeyKind), () => process.disconnect());
});
process.send('ready');
