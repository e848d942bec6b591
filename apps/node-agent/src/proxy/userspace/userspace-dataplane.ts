import type { Backend, Dataplane, Protocol, RuleProblem, ServiceRule } from '../dataplane';
import { Balancer } from './balancer';
import { TcpForwarder } from './tcp-forwarder';
import { UdpForwarder } from './udp-forwarder';

export interface UserspaceOptions {
  /** Addresses on which node ports answer; empty: node ports are off. */
  readonly nodePortAddresses: readonly string[];
  /** Whether this dataplane serves the cluster IPs (one proxy per host does) beside its own node ports. */
  readonly servesClusterIps: boolean;
  readonly onProblem: (problem: RuleProblem) => void;
}

/** One place to listen on, and where its connections go. */
interface Listen {
  readonly ruleId: string;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  readonly backends: readonly Backend[];
  readonly affinitySeconds: number | undefined;
  /** Listens that share turns: all cluster IPs of a rule, all node port addresses of a rule. */
  readonly group: string;
}

interface Active {
  readonly forwarder: TcpForwarder | UdpForwarder;
  readonly group: string;
}

/**
 * Forwards in this process: a listener per service address and port. Works without any privilege when the
 * service range is loopback, survives a backend's refusal without the client noticing, and costs a copy of
 * every byte.
 */
export class UserspaceDataplane implements Dataplane {
  readonly name = 'userspace';
  readonly #options: UserspaceOptions;
  readonly #active = new Map<string, Active>();
  readonly #balancers = new Map<string, Balancer>();
  /** Forwarders that no longer listen but still have open connections. */
  readonly #draining = new Set<TcpForwarder>();
  /** Applies run one after the other: a newer one must not overtake an older one's listens. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: UserspaceOptions) {
    this.#options = options;
  }

  apply(rules: readonly ServiceRule[]): Promise<void> {
    const listens = new Map(
      rules.flatMap((rule) => this.#listensOf(rule)).map((item) => [keyOf(item), item]),
    );
    // Turns change at once, even while an earlier apply still opens listeners.
    for (const listen of listens.values())
      this.#balancer(listen.group).update(listen.backends, listen.affinitySeconds);
    for (const { forwarder } of this.#active.values())
      if (forwarder instanceof UdpForwarder) forwarder.dropStaleFlows();
    this.#queue = this.#queue.then(() => this.#reconcile(listens));
    return this.#queue;
  }

  async close(): Promise<void> {
    await this.#queue;
    for (const { forwarder } of this.#active.values()) forwarder.destroy();
    for (const forwarder of this.#draining) forwarder.destroy();
    this.#active.clear();
    this.#draining.clear();
  }

  async #reconcile(listens: ReadonlyMap<string, Listen>): Promise<void> {
    for (const [key, { forwarder }] of this.#active) {
      if (listens.has(key)) continue;
      this.#active.delete(key);
      this.#retire(forwarder);
    }
    const missing = [...listens].filter(([key]) => !this.#active.has(key));
    await Promise.all(missing.map(([key, listen]) => this.#open(key, listen)));
    const groups = new Set([...listens.values()].map((listen) => listen.group));
    for (const group of this.#balancers.keys()) if (!groups.has(group)) this.#balancers.delete(group);
  }

  #retire(forwarder: TcpForwarder | UdpForwarder): void {
    if (forwarder instanceof UdpForwarder) {
      forwarder.destroy();
      return;
    }
    forwarder.stopListening();
    for (const drained of this.#draining) if (drained.open === 0) this.#draining.delete(drained);
    this.#draining.add(forwarder);
  }

  async #open(key: string, listen: Listen): Promise<void> {
    const balancer = this.#balancer(listen.group);
    const forwarder =
      listen.protocol === 'TCP' ? new TcpForwarder(balancer) : new UdpForwarder(balancer, listen.address);
    try {
      await forwarder.listen(listen.address, listen.port);
      this.#active.set(key, { forwarder, group: listen.group });
    } catch (error) {
      forwarder.destroy();
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.onProblem({
        ruleId: listen.ruleId,
        message: `cannot listen on ${listen.address}:${listen.port}/${listen.protocol}: ${reason}`,
      });
    }
  }

  #balancer(group: string): Balancer {
    const existing = this.#balancers.get(group);
    if (existing) return existing;
    const balancer = new Balancer();
    this.#balancers.set(group, balancer);
    return balancer;
  }

  #listensOf(rule: ServiceRule): Listen[] {
    const { id: ruleId, protocol, affinitySeconds, nodePort } = rule;
    const base = { ruleId, protocol, affinitySeconds };
    const internal = this.#options.servesClusterIps
      ? rule.serviceIps.map((address) => ({
          ...base,
          address,
          port: rule.port,
          backends: rule.backends,
          group: ruleId,
        }))
      : [];
    if (nodePort === undefined) return internal;
    const external = this.#options.nodePortAddresses.map((address) => ({
      ...base,
      address,
      port: nodePort,
      backends: rule.externalBackends,
      group: `${ruleId} node port`,
    }));
    return [...internal, ...external];
  }
}

const keyOf = (listen: Listen): string =>
  `${listen.protocol} ${listen.address} ${listen.port} ${listen.group}`;
