export { kubestellarToolkit } from './provider.ts';
