import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { systemClock } from '@wheelhouse/shared/clock';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import type { NodeStatus } from 'kubernetes-types/core/v1';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { NodeRegistrar } from './node-registrar';

it('reports again what changed while a report was under way', async () => {
  const client = new MemoryClient(systemClock);
  const patch = client.patch.bind(client);
  // The client in memory merges; lists of conditions are whole here in both ways.
  client.patch = (type, ref, sent, options) =>
    patch(type, ref, { type: 'merge', body: sent.body as object }, options);
  let isReady = false;
  let looked = 0;
  const waiting: (() => void)[] = [];
  const registrar = new NodeRegistrar({
    client,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    nodeName: 'n',
    labels: {},
    async status(): Promise<NodeStatus> {
      const status = isReady ? 'True' : 'False';
      looked += 1;
      // The first report is held up after it has looked.
      if (looked === 1) await new Promise<void>((resolve) => waiting.push(resolve));
      return { conditions: [{ type: 'Ready', status }] };
    },
  });
  const started = registrar.start();
  await expect.poll(() => waiting.length).toBe(1);
  isReady = true;
  const reported = registrar.reportNow();
  for (const go of waiting) go();
  await Promise.all([started, reported]);
  const [node] = client.all(nodeKind);
  expect(node?.status?.conditions?.[0]?.status).toBe('True');
  registrar.stop();
}, 8_000);
