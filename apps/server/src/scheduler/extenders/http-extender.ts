import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { FieldReader } from '../config/field-reader';
import type { Extender, ExtenderFilterResult, PreemptionCandidate } from '../framework/extender';
import { type Rejection, rejection } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { ExtenderConfig } from './extender-config';
import { postJson } from './post-json';

/** Plugins score up to 100, extenders up to 10. */
const SCALE = 10;

/**
 * A scheduler extender that speaks HTTP, with the messages of Kubernetes (k8s.io/kube-scheduler/extender/v1). Those
 * have no JSON names of their own and are read whatever the case of their fields, so answers are too.
 */
export function httpExtender(config: ExtenderConfig): Extender {
  const { urlPrefix, filterVerb, prioritizeVerb, bindVerb, preemptVerb, weight } = config;
  const agent = urlPrefix.startsWith('https:') ? tlsAgent(config) : undefined;
  const post = async (verb: string, body: object): Promise<FieldReader> => {
    const url = `${urlPrefix}/${verb}`;
    const answer = await postJson(url, body, { timeoutMs: config.timeoutMs, ...(agent ? { agent } : {}) });
    return new FieldReader(withLowerCaseNames(answer), url);
  };
  const nodeArguments = (nodes: readonly NodeInfo[]) =>
    config.nodeCacheCapable
      ? { Nodes: null, NodeNames: nodes.map(({ name }) => name) }
      : {
          Nodes: {
            apiVersion: 'v1',
            kind: 'NodeList',
            metadata: {},
            items: nodes.map(({ traits }) => traits.node),
          },
          NodeNames: null,
        };
  return {
    name: urlPrefix,
    ignorable: config.ignorable,

    isInterestedIn(pod) {
      const { managedResources } = config;
      if (managedResources.length === 0) return true;
      return managedResources.some(({ name }) => asksFor(pod, name));
    },

    ...(filterVerb === undefined
      ? {}
      : {
          async filter(pod: PodInfo, nodes: readonly NodeInfo[]) {
            const answer = await post(filterVerb, { Pod: pod.pod, ...nodeArguments(nodes) });
            return readFilterResult(answer, config.nodeCacheCapable);
          },
        }),

    ...(prioritizeVerb === undefined
      ? {}
      : {
          async prioritize(pod: PodInfo, nodes: readonly NodeInfo[]) {
            const answer = await post(prioritizeVerb, { Pod: pod.pod, ...nodeArguments(nodes) });
            return new Map(
              answer
                .list()
                .map((one) => [
                  one.field('host').text(),
                  one.field('score').number({ min: -1_000_000, max: 1_000_000 }) * weight * SCALE,
                ]),
            );
          },
        }),

    ...(bindVerb === undefined
      ? {}
      : {
          async bind(pod: PodInfo, node: string) {
            const { name, namespace, uid } = pod;
            const answer = await post(bindVerb, {
              PodName: name,
              PodNamespace: namespace,
              PodUID: uid,
              Node: node,
            });
            throwError(answer);
          },
        }),

    ...(preemptVerb === undefined
      ? {}
      : {
          async preempt(pod: PodInfo, candidates: readonly PreemptionCandidate[]) {
            const answer = await post(preemptVerb, preemptionArguments(pod, candidates, config));
            return readVictims(answer, candidates);
          },
        }),
  };
}

function asksFor(pod: PodInfo, resource: string): boolean {
  if (pod.requests.extended?.has(resource)) return true;
  const { containers = [], initContainers = [] } = pod.pod.spec ?? {};
  return [...containers, ...initContainers].some(
    ({ resources }) =>
      Object.hasOwn(resources?.requests ?? {}, resource) || Object.hasOwn(resources?.limits ?? {}, resource),
  );
}

function readFilterResult(answer: FieldReader, byName: boolean): ExtenderFilterResult {
  throwError(answer);
  const names = byName
    ? answer
        .field('nodenames')
        .list()
        .map((one) => one.text())
    : answer
        .field('nodes')
        .field('items')
        .list()
        .map((one) => one.field('metadata').field('name').text());
  const refused = new Map<string, Rejection>();
  for (const [node, reason] of entries(answer.field('failednodes'))) refused.set(node, rejection(reason));
  for (const [node, reason] of entries(answer.field('failedandunresolvablenodes'))) {
    refused.set(node, rejection(reason, { unresolvable: true }));
  }
  return { fitting: new Set(names), refused };
}

function entries(reader: FieldReader): [string, string][] {
  const value = reader.raw();
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).map(([node, reason]) => [node, String(reason)]);
}

function throwError(answer: FieldReader): void {
  const error = answer.field('error').textOr(undefined);
  if (error !== undefined) throw new Error(`${answer.path}: ${error}`);
}

function preemptionArguments(
  pod: PodInfo,
  candidates: readonly PreemptionCandidate[],
  { nodeCacheCapable }: ExtenderConfig,
): object {
  const byNode = (podsOf: (victims: readonly PodInfo[]) => readonly object[]) =>
    Object.fromEntries(
      candidates.map(({ node, victims, violations }) => [
        node,
        { Pods: podsOf(victims), NumPDBViolations: violations },
      ]),
    );
  return nodeCacheCapable
    ? { Pod: pod.pod, NodeNameToMetaVictims: byNode((victims) => victims.map(({ uid }) => ({ UID: uid }))) }
    : { Pod: pod.pod, NodeNameToVictims: byNode((victims) => victims.map((victim) => victim.pod)) };
}

/** What the extender leaves: nodes of those it was asked about, with victims of those it was told of. */
function readVictims(answer: FieldReader, candidates: readonly PreemptionCandidate[]): PreemptionCandidate[] {
  const meta = answer.field('nodenametometavictims');
  return candidates.flatMap((candidate) => {
    const left = meta.field(candidate.node);
    if (!left.isSet) return [];
    const uids = new Set(
      left
        .field('pods')
        .list()
        .map((one) => one.field('uid').text()),
    );
    const victims = candidate.victims.filter(({ uid }) => uids.has(uid));
    if (victims.length !== uids.size) left.fail('names pods that were not proposed');
    const violations = left
      .field('numpdbviolations')
      .numberOr(candidate.violations, { min: 0, max: 1_000_000 });
    return [{ node: candidate.node, victims, violations }];
  });
}

/** Keys whose members are named by nodes, not by fields. */
const MAPS = new Set(['failednodes', 'failedandunresolvablenodes', 'nodenametometavictims']);

/** The same value with field names in lower case, as deep as the messages go; names of nodes stay as they are. */
function withLowerCaseNames(value: unknown, areNames = false): unknown {
  if (Array.isArray(value)) return value.map((one) => withLowerCaseNames(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const name = key.toLowerCase();
      return [areNames ? key : name, withLowerCaseNames(member, !areNames && MAPS.has(name))];
    }),
  );
}

function tlsAgent({ tls }: ExtenderConfig): Agent {
  return new Agent({
    keepAlive: true,
    rejectUnauthorized: !tls.insecure,
    ...(tls.caFile ? { ca: readFileSync(tls.caFile) } : {}),
    ...(tls.certFile ? { cert: readFileSync(tls.certFile) } : {}),
    ...(tls.keyFile ? { key: readFileSync(tls.keyFile) } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}),
  });
}
