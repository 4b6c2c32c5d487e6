import { describeProvider } from '../src/index.ts';
import { tinyOptions } from './tiny-options.ts';

// The suite as providers use it: an honest provider passes every test of it.
describe('an upstream with sessions', () => {
  describeProvider(tinyOptions('session'));
});
describe('an upstream with a lasting key', () => {
  describeProvider(tinyOptions('key'));
});
