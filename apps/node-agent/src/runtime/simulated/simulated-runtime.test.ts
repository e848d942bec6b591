import { systemClock } from '@wheelhouse/shared/clock';
import { describeRuntime } from '../contract/runtime-contract';
import { createSimulatedRuntime } from './simulated-runtime';

describeRuntime(
  'simulated',
  async () => {
    let next = 2;
    return {
      image: 'anything:1',
      open: async () => createSimulatedRuntime({ clock: systemClock, startMs: 2, stopMs: 2 }),
      address: () => `10.244.0.${next++}`,
      cleanUp: async () => undefined,
    };
  },
  // There is no program whose output, exit code or address could be looked at.
  { programs: false },
);
