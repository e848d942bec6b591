import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import type { Component, Logger } from '../component';
import type { NodeConnections, NodeResponse } from '../nodes/node-connections';
import { samplesOf } from './summary';
import { UsageStore } from './usage-store';

/** How often every node is asked. */
const PERIOD_MS = 15_000;
/** Nodes that are asked at a time: thousands take longer to go round, not more of the server. */
const PARALLEL = 4;
const ANSWER_MS = 10_000;
const LARGEST_SUMMARY = 8 * 1024 * 1024;

export interface MetricsOptions {
  readonly client: Pick<Client, 'list'>;
  readonly nodes: NodeConnections;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Metrics extends Component {
  readonly usages: UsageStore;
  /** Asks every connected node once; resolves when all have answered or failed. */
  round(): Promise<void>;
}

/** Asks the kubelets again and again what their containers use. A node that does not answer is passed over. */
export function startMetrics(options: MetricsOptions): Metrics {
  const { client, nodes, clock, log } = options;
  const usages = new UsageStore();
  const abort = new AbortController();
  let cancel = () => {};
  let running: Promise<void> = Promise.resolve();

  async function ask(node: string): Promise<void> {
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const answer = await nodes.request(node, { method: 'GET', path: '/stats/summary', signal });
      const text = await readAll(answer);
      if (answer.status !== 200) throw new Error(`the kubelet answered ${answer.status}`);
      const now = clock.now().getTime();
      usages.record(node, now, samplesOf(JSON.parse(text), now));
    } catch (error) {
      if (!abort.signal.aborted) log.debug({ err: error, node }, 'a node did not say what it uses');
    }
  }

  async function round(): Promise<void> {
    const { items } = await client.list(nodeKind);
    const names = items.map(({ metadata }) => metadata.name);
    const known = new Set(names);
    for (const node of [...usages.nodes]) if (!known.has(node)) usages.forget(node);
    const queue = names.filter((name) => nodes.isConnected(name)).values();
    const worker = async () => {
      for (const node of queue) {
        if (abort.signal.aborted) return;
        await ask(node);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  function schedule(): void {
    cancel = clock.after(PERIOD_MS, () => {
      running = round()
        .catch((error: unknown) => log.warn({ err: error }, 'asking the nodes what they use failed'))
        .finally(() => {
          if (!abort.signal.aborted) schedule();
        });
    });
  }

  schedule();
  return {
    usages,
    round,
    async stop() {
      abort.abort();
      cancel();
      await running;
    },
  };
}

async function readAll(answer: NodeResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST_SUMMARY) {
      answer.body.destroy();
      throw new Error('the summary is too long');
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
