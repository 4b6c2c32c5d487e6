import preset from '../../jest.preset.js';

export default { ...preset, displayName: 'kit', testTimeout: 120_000 };
