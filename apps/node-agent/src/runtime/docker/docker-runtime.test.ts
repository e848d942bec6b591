import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { describe } from 'vitest';
import { importBusybox } from '../contract/busybox-image';
import { describeRuntime } from '../contract/runtime-contract';
import { networkName } from './docker-network';
import { createDockerRuntime, isDockerAvailable } from './docker-runtime';

const available = await isDockerAvailable();

describe.skipIf(!available)('with a Docker on this host', () => {
  describeRuntime(
    'docker',
    async () => {
      const docker = new Docker();
      const id = randomUUID().replaceAll('-', '').slice(0, 8);
      const image = `wheelhouse-test-${id}:1`;
      await importBusybox(docker, image);
      // A range of its own, so that suites can run side by side.
      const second = 64 + (Number.parseInt(id.slice(0, 4), 16) % 128);
      let next = 10;
      return {
        image,
        open: (nodeName) =>
          createDockerRuntime({ clusterId: id, nodeName, clusterCidr: `10.${second}.0.0/16` }),
        address: () => `10.${second}.1.${next++}`,
        async cleanUp() {
          await docker.getNetwork(networkName(id)).remove();
          await docker.getImage(image).remove({ force: true });
        },
      };
    },
    { programs: true },
  );
});
