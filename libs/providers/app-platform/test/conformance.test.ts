import { describeProvider } from '@fleetgate/provider-conformance';
import { options } from './options.ts';

describeProvider(options);
