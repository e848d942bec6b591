import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { isAlreadyExists, isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Lease } from 'kubernetes-types/coordination/v1';
import type { Node, NodeStatus } from 'kubernetes-types/core/v1';
import type { Logger } from 'pino';
import { isNodeStatusChanged, isOverruled } from './node-status';

const HEARTBEAT_MS = 10_000;
const LEASE_SECONDS = 40;
const LEASE_NAMESPACE = 'kube-node-lease';
/** An unchanged status is written this often, to show that the times go on. */
const STATUS_REPORT_MS = 300_000;
const RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

export interface NodeRegistrarOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  status(previous: NodeStatus | undefined): Promise<NodeStatus>;
}

/** Keeps the node's own object and lease in the API. */
export class NodeRegistrar {
  readonly #informer: Informer<Node>;
  #stopped = false;
  #cancel: (() => void)[] = [];
  #written: NodeStatus | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #lease: Stored<Lease> | undefined;
  #range: ((range: string) => void)[] = [];
  #reporting: Promise<void> | undefined;

  constructor(private readonly options: NodeRegistrarOptions) {
    const { client, nodeName, clock, log } = options;
    this.#informer = createInformer(client, nodeKind, {
      fieldSelector: `metadata.name=${nodeName}`,
      clock,
      onError: (error) => log.debug({ err: error }, 'watching the own node failed; tried again'),
    });
  }

  /** Resolves once the node exists and its first status is written. */
  async start(): Promise<void> {
    await this.#persist('node not registered yet', () => this.#register());
    this.#informer.subscribe({
      added: (node) => this.#take(node),
      updated: (node) => this.#take(node),
      deleted: () => void this.#again(),
    });
    this.#informer.start();
    await this.#persist('node status not written yet', () => this.#report());
    void this.#beat();
  }

  node(): Stored<Node> | undefined {
    return this.#informer.list()[0];
  }

  /** The node's own pod range, as soon as it has been given one. */
  podCidr(): Promise<string> {
    const known = this.node()?.spec?.podCIDR;
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => this.#range.push(resolve));
  }

  /** Something that the status speaks of has changed. A report that is under way may have looked before. */
  async reportNow(): Promise<void> {
    await this.#reporting?.catch(() => undefined);
    await this.#report().catch((error: unknown) =>
      this.options.log.debug({ err: error }, 'node status not written'),
    );
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancel) cancel();
    this.#informer.stop();
  }

  #take(node: Stored<Node>): void {
    const range = node.spec?.podCIDR;
    if (!range) return;
    for (const resolve of this.#range.splice(0)) resolve(range);
  }

  async #register(): Promise<void> {
    const { client, nodeName, labels } = this.options;
    const node: Node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: nodeName, labels: { ...labels } },
    };
    try {
      await client.create(nodeKind, node);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const present = await client.get(nodeKind, { name: nodeName });
      this.#written = present.status;
      const missing = Object.entries(labels).some(([key, value]) => present.metadata.labels?.[key] !== value);
      if (missing)
        await client.patch(nodeKind, { name: nodeName }, { type: 'merge', body: { metadata: { labels } } });
    }
  }

  /** Someone deleted the node while it lives: it comes back, as Kubernetes' kubelets do on their next start. */
  async #again(): Promise<void> {
    if (this.#stopped) return;
    this.#written = undefined;
    await this.#persist('node not registered again yet', () => this.#register());
    await this.reportNow();
  }

  /** One report at a time; callers share the one that runs. */
  #report(): Promise<void> {
    this.#reporting ??= this.#writeStatus().finally(() => {
      this.#reporting = undefined;
    });
    return this.#reporting;
  }

  async #writeStatus(): Promise<void> {
    const { client, clock, nodeName } = this.options;
    const previous = this.node()?.status ?? this.#written;
    const status = await this.options.status(previous);
    const due = clock.monotonic() - this.#writtenAt > STATUS_REPORT_MS;
    if (!due && !isNodeStatusChanged(this.#written, status) && !isOverruled(previous, status)) return;
    await client.patch(
      nodeKind,
      { name: nodeName },
      // Taken as a whole: a resource that the node no longer has must not stay.
      {
        type: 'strategic',
        body: { status: { ...status, allocatable: { ...status.allocatable, $patch: 'replace' } } },
      },
      { subresource: 'status' },
    );
    this.#written = status;
    this.#writtenAt = clock.monotonic();
  }

  async #beat(): Promise<void> {
    if (this.#stopped) return;
    const { log, clock } = this.options;
    try {
      await this.#renewLease();
      await this.#report();
    } catch (error) {
      log.debug({ err: error }, 'heartbeat failed; tried again');
      if (isNotFound(error) && this.node() === undefined) void this.#again();
    }
    if (!this.#stopped) this.#cancel = [clock.after(HEARTBEAT_MS, () => void this.#beat())];
  }

  async #renewLease(): Promise<void> {
    const { client, nodeName, clock } = this.options;
    const ref = { namespace: LEASE_NAMESPACE, name: nodeName };
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: clock
        .now()
        .toISOString()
        .replace(/(\.\d{3})Z$/, '$1000Z'),
    };
    try {
      this.#lease = this.#lease
        ? await client.update(leaseKind, { ...this.#lease, spec })
        : await client.create(leaseKind, {
            apiVersion: 'coordination.k8s.io/v1',
            kind: 'Lease',
            metadata: { ...ref, ...ownerOf(this.node()) },
            spec,
          });
    } catch (error) {
      if (isAlreadyExists(error) || isConflict(error)) {
        const present = await client.get(leaseKind, ref);
        this.#lease = await client.update(leaseKind, { ...present, spec });
      } else if (isNotFound(error) && this.#lease) {
        this.#lease = undefined;
        await this.#renewLease();
      } else throw error;
    }
  }

  async #persist(what: string, work: () => Promise<void>): Promise<void> {
    for (let delay = RETRY_MS; !this.#stopped; delay = Math.min(delay * 2, MAX_RETRY_MS)) {
      try {
        return await work();
      } catch (error) {
        this.options.log.warn({ err: error }, what);
        await new Promise<void>((resolve) => this.options.clock.after(delay, resolve));
      }
    }
  }
}

/** The lease goes when the node goes. */
function ownerOf(node: Stored<Node> | undefined) {
  if (!node) return {};
  return {
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid }],
  };
}
