import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { describeRuntime } from '../contract/runtime-contract';
import { createProcessRuntime } from './process-runtime';

describeRuntime(
  'process',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-process-'));
    // Out of 127/8, by the test's own process id, so that suites can run side by side.
    const second = 100 + (process.pid % 100);
    let next = 2;
    return {
      image: 'anything:1',
      open: (nodeName) => createProcessRuntime({ directory: join(directory, nodeName), clock: systemClock }),
      address: () => `127.${second}.${process.pid % 250}.${next++}`,
      cleanUp: () => rm(directory, { recursive: true, force: true }),
    };
  },
  { programs: true },
);
