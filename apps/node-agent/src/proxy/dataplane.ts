/**
 * The service proxy's seam: what should be forwarded, and who does it. `service-rules.ts` computes the rules,
 * a dataplane makes them true. `contract/` holds the suite that every dataplane runs.
 */

export type Protocol = 'TCP' | 'UDP';

/** Where a connection can go. */
export interface Backend {
  readonly address: string;
  readonly port: number;
}

/** One port of one service. */
export interface ServiceRule {
  /** `namespace/name:port/protocol`: stable over updates, so open connections and turns survive them. */
  readonly id: string;
  readonly protocol: Protocol;
  /** Addresses on which `port` answers: cluster IPs and external IPs. */
  readonly serviceIps: readonly string[];
  readonly port: number;
  /** Answers on the node's own addresses; undefined: not at all. */
  readonly nodePort: number | undefined;
  /** For traffic to `serviceIps`. Empty: connections are refused. */
  readonly backends: readonly Backend[];
  /** For traffic to the node port and external IPs (externalTrafficPolicy may narrow it). */
  readonly externalBackends: readonly Backend[];
  /** Session affinity ClientIP: the same client keeps its backend this long after its last connection. */
  readonly affinitySeconds: number | undefined;
}

export interface Dataplane {
  readonly name: string;
  /**
   * Makes exactly these rules true; resolves once new connections follow them. Idempotent. Open connections to
   * a backend that is gone are left to finish (TCP); UDP flows to it are dropped at once, since nothing ends them.
   * A rule that cannot be carried out (address in use …) is reported through `onProblem` and tried again at
   * the next apply; the other rules are carried out all the same.
   */
  apply(rules: readonly ServiceRule[]): Promise<void>;
  /** Removes everything that apply made. */
  close(): Promise<void>;
}

/** A rule that does not work at the moment, in words: becomes an event on the service's node. */
export interface RuleProblem {
  readonly ruleId: string;
  readonly message: string;
}
